// A page as an app has it: the unmodified next-auth/react, and a socket for what is live.
import React from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider, getCsrfToken, getProviders, getSession, signIn, signOut, useSession } from 'next-auth/react'

function Who() {
  const { data, status } = useSession()
  return <p id="who" data-status={status}>{data?.user?.email ?? status}</p>
}

// live opens a socket with a ticket and shows each status of a transcription as it comes.
async function live(server, transcription) {
  const answer = await fetch('/api/auth/ws-ticket', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
  const { ticket } = await answer.json()
  const seen = []
  const socket = new WebSocket(server, 'graphql-transport-ws')
  const ended = new Promise((resolve, reject) => {
    socket.onclose = event => reject(new Error(`closed with ${event.code} ${event.reason} after ${seen}`))
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: {
          query: 'subscription($id: ID!) { transcriptionStatus(transcriptionId: $id) { transcription { status } } }', variables: { id: transcription } } }))
        window.subscribed = true
      } else if (message.type === 'next') {
        seen.push(message.payload.data ? message.payload.data.transcriptionStatus.transcription.status : JSON.stringify(message.payload.errors))
        window.seen = seen
      } else if (message.type === 'ping') {
        socket.send('{"type":"pong"}')
      } else if (message.type === 'complete' || message.type === 'error') {
        socket.onclose = null
        socket.close()
        resolve({ seen, ticket, last: message.type })
      }
    }
  })
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject })
  socket.send(JSON.stringify({ type: 'connection_init', payload: { ticket } }))
  return ended
}

Object.assign(window, { auth: { getCsrfToken, getProviders, getSession, signIn, signOut }, live })

createRoot(document.getElementById('app')).render(<SessionProvider><Who /></SessionProvider>)
