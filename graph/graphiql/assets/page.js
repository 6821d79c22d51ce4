(async () => {
  "use strict";
  const root = document.getElementById("graphiql");
  const endpoint = new URL(root.dataset.endpoint, location.href);
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol.replace("http", "ws");

  const http = GraphiQL.createFetcher({ url: endpoint.href });

  // A header that was not filled in yet must not turn the session cookie into a refused token.
  const filled = (headers = {}) =>
    Object.fromEntries(Object.entries(headers).filter(([, value]) => !/^\s*(Bearer)?\s*$/i.test(value)));

  const authorization = (headers) =>
    Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];

  const isSubscription = ({ operationName }, { documentAST } = {}) =>
    documentAST?.definitions.some(
      (d) => d.operation === "subscription" && (!operationName || d.name?.value === operationName),
    ) ?? false;

  // A client a subscription: the token is the one that stands in the editor when it begins, and the
  // socket closes when it ends.
  const subscribe = (params, headers) => {
    const token = authorization(headers);
    const client = graphqlWs.createClient({
      url: socket.href,
      connectionParams: token ? { authorization: token } : {},
    });
    return client.iterate(params);
  };

  const fetcher = (params, options) => {
    const headers = filled(options?.headers);
    return isSubscription(params, options)
      ? subscribe(params, headers)
      : http(params, { ...options, headers });
  };

  // GraphiQL keeps the headers of its history whatever shouldPersistHeaders says. A token has no place in
  // local storage, which every script of this site may read.
  const withoutHeaders = (text) =>
    JSON.stringify(JSON.parse(text), (name, value) => (name === "headers" ? undefined : value));
  const ours = () => Object.keys(localStorage).filter((key) => key.startsWith("graphiql:"));
  const storage = {
    getItem: (key) => localStorage.getItem(key),
    setItem: (key, value) =>
      localStorage.setItem(key, /:(queries|favorites)$/.test(key) ? withoutHeaders(value) : value),
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => ours().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return ours().length;
    },
  };

  const query = await (await fetch("/graphiql/assets/examples.graphql")).text();
  const variables = JSON.stringify({ slug: "", transcriptionId: "" }, null, 2);
  const headers = JSON.stringify({ Authorization: "Bearer " }, null, 2);
  ReactDOM.createRoot(root).render(
    React.createElement(GraphiQL, {
      fetcher,
      storage,
      defaultTabs: [{ query, variables, headers }],
      defaultHeaders: headers,
      // GraphiQL forgets the variables of a default tab; given later they would replace those of the reader.
      variables: localStorage.getItem("graphiql:tabState") ? undefined : variables,
      defaultEditorToolsVisibility: "headers",
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
    }),
  );
})();
