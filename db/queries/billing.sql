-- name: TakeBillingTurn :one
-- No row comes back while somebody else has the turn.
INSERT INTO switchboard.billing_accounts AS a (organization_id, turn, turn_until)
SELECT o.id, @turn::uuid, clock_timestamp() + @lives_for::interval FROM switchboard.organizations o WHERE o.id = @organization_id
ON CONFLICT (organization_id) DO UPDATE SET turn = EXCLUDED.turn, turn_until = EXCLUDED.turn_until
    WHERE a.turn IS NULL OR a.turn_until < clock_timestamp()
RETURNING clock_timestamp()::timestamptz AS began, a.read_at;

-- name: KeepBillingTurn :one
-- One that works through several reads begins the next.
UPDATE switchboard.billing_accounts SET turn_until = clock_timestamp() + @lives_for::interval
WHERE organization_id = @organization_id AND turn = @turn::uuid
RETURNING clock_timestamp()::timestamptz AS began;

-- name: EndBillingTurn :exec
UPDATE switchboard.billing_accounts SET turn = NULL, turn_until = NULL WHERE organization_id = @organization_id AND turn = @turn::uuid;

-- name: ListDroppedBillingTurns :many
-- Whoever ends a turn takes its name away. They are few, and the table has a row an organization.
SELECT organization_id FROM switchboard.billing_accounts WHERE turn IS NOT NULL AND turn_until < clock_timestamp() ORDER BY turn_until LIMIT @most;

-- name: LockBillingAccount :one
SELECT * FROM switchboard.billing_accounts WHERE organization_id = @organization_id FOR UPDATE;

-- name: GetBillingAccount :one
SELECT * FROM switchboard.billing_accounts WHERE organization_id = @organization_id;

-- name: UpdateBillingAccount :exec
UPDATE switchboard.billing_accounts SET
    plan = @plan, tier = sqlc.narg(tier), status = sqlc.narg(status), grace_until = sqlc.narg(grace_until), read_at = sqlc.narg(read_at)
WHERE organization_id = @organization_id;

-- name: ListEndedGraces :many
SELECT organization_id FROM switchboard.billing_accounts
WHERE grace_until <= @now AND plan <> 'FREE' ORDER BY grace_until LIMIT @most;

-- name: ListBillingAccountsAfter :many
-- All that have a customer at Stripe, of which each has one.
SELECT organization_id FROM switchboard.billing_customers
WHERE organization_id > @after AND deleted_at IS NULL ORDER BY organization_id LIMIT @most;

-- name: GetBillingCustomer :one
SELECT * FROM switchboard.billing_customers WHERE id = @id;

-- name: GetCurrentBillingCustomer :one
SELECT * FROM switchboard.billing_customers WHERE organization_id = @organization_id AND deleted_at IS NULL;

-- name: InsertBillingCustomer :execrows
-- Nothing is inserted where the organization has another one.
INSERT INTO switchboard.billing_customers (id, organization_id)
SELECT @id, o.id FROM switchboard.organizations o WHERE o.id = @organization_id
ON CONFLICT DO NOTHING;

-- name: DeleteBillingCustomer :exec
UPDATE switchboard.billing_customers SET deleted_at = now() WHERE id = @id AND deleted_at IS NULL;

-- name: UpsertBillingSubscription :exec
-- A price that nobody knows leaves the plan that the subscription had.
INSERT INTO switchboard.billing_subscriptions AS s (id, organization_id, stripe_id, item_id, price_id, tier, status, surplus, interval, amount, currency,
    current_period_start, current_period_end, cancel_at_period_end, canceled_at, trial_ends_at, created_at)
VALUES (@id, @organization_id, @stripe_id, @item_id, @price_id, sqlc.narg(tier), @status, @surplus, @interval, @amount, @currency,
    @current_period_start, @current_period_end, @cancel_at_period_end, sqlc.narg(canceled_at), sqlc.narg(trial_ends_at), @created_at)
ON CONFLICT (stripe_id) DO UPDATE SET
    item_id = EXCLUDED.item_id, price_id = EXCLUDED.price_id, tier = coalesce(EXCLUDED.tier, s.tier), status = EXCLUDED.status, surplus = EXCLUDED.surplus,
    interval = EXCLUDED.interval, amount = EXCLUDED.amount, currency = EXCLUDED.currency,
    current_period_start = EXCLUDED.current_period_start, current_period_end = EXCLUDED.current_period_end,
    cancel_at_period_end = EXCLUDED.cancel_at_period_end, canceled_at = EXCLUDED.canceled_at, trial_ends_at = EXCLUDED.trial_ends_at;

-- name: ListBillingSubscriptions :many
-- Oldest first.
SELECT * FROM switchboard.billing_subscriptions WHERE organization_id = @organization_id ORDER BY created_at, stripe_id;

-- name: GetCurrentBillingSubscription :one
-- The one that lives, else the one that lived last.
SELECT * FROM switchboard.billing_subscriptions WHERE organization_id = @organization_id AND NOT surplus
ORDER BY (status NOT IN ('CANCELED', 'INCOMPLETE_EXPIRED')) DESC, created_at DESC, stripe_id DESC LIMIT 1;

-- name: GetBillingSubscription :one
SELECT * FROM switchboard.billing_subscriptions WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: UpsertBillingInvoice :exec
INSERT INTO switchboard.billing_invoices (id, organization_id, stripe_id, subscription_stripe_id, number, status, amount_due, amount_paid, currency,
    issued_at, due_at, paid_at, hosted_url, pdf_url)
VALUES (@id, @organization_id, @stripe_id, sqlc.narg(subscription_stripe_id), sqlc.narg(number), @status, @amount_due, @amount_paid, @currency,
    @issued_at, sqlc.narg(due_at), sqlc.narg(paid_at), sqlc.narg(hosted_url), sqlc.narg(pdf_url))
ON CONFLICT (stripe_id) DO UPDATE SET
    subscription_stripe_id = EXCLUDED.subscription_stripe_id, number = EXCLUDED.number, status = EXCLUDED.status, amount_due = EXCLUDED.amount_due,
    amount_paid = EXCLUDED.amount_paid, currency = EXCLUDED.currency, due_at = EXCLUDED.due_at, paid_at = EXCLUDED.paid_at,
    hosted_url = EXCLUDED.hosted_url, pdf_url = EXCLUDED.pdf_url;

-- name: RemoveBillingInvoices :exec
-- Drafts can be deleted at Stripe.
DELETE FROM switchboard.billing_invoices WHERE organization_id = @organization_id AND stripe_id = ANY(@stripe_ids::text[]);

-- name: ListBillingInvoicesSince :many
-- Those from then on, and the one that is named.
SELECT * FROM switchboard.billing_invoices WHERE organization_id = @organization_id AND (issued_at >= @since OR stripe_id = @stripe_id);

-- name: IsNewBillingInvoice :one
-- Whether it is one of the newest, which every read brings.
SELECT (@stripe_id::text IN (
    SELECT i.stripe_id FROM switchboard.billing_invoices i WHERE i.organization_id = @organization_id
    ORDER BY i.issued_at DESC, i.id DESC LIMIT @most))::boolean AS newest;

-- name: ListBillingInvoices :many
SELECT * FROM switchboard.billing_invoices
WHERE organization_id = @organization_id AND (issued_at, id) < (@before_at::timestamptz, @before_id::uuid)
ORDER BY issued_at DESC, id DESC LIMIT @page_size;

-- name: GetBillingInvoice :one
SELECT * FROM switchboard.billing_invoices WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: UpsertBillingPaymentMethod :exec
INSERT INTO switchboard.billing_payment_methods (id, organization_id, stripe_id, kind, brand, last4, exp_month, exp_year, is_default, created_at)
VALUES (@id, @organization_id, @stripe_id, @kind, sqlc.narg(brand), sqlc.narg(last4), sqlc.narg(exp_month), sqlc.narg(exp_year), @is_default, @created_at)
ON CONFLICT (stripe_id) DO UPDATE SET
    brand = EXCLUDED.brand, last4 = EXCLUDED.last4, exp_month = EXCLUDED.exp_month, exp_year = EXCLUDED.exp_year, is_default = EXCLUDED.is_default;

-- name: RemoveOtherBillingPaymentMethods :execrows
DELETE FROM switchboard.billing_payment_methods WHERE organization_id = @organization_id AND NOT stripe_id = ANY(@kept::text[]);

-- name: ListBillingPaymentMethods :many
-- Newest first.
SELECT * FROM switchboard.billing_payment_methods WHERE organization_id = @organization_id ORDER BY created_at DESC, stripe_id LIMIT @most;

-- name: GetBillingPaymentMethod :one
SELECT * FROM switchboard.billing_payment_methods WHERE id = @id AND organization_id = ANY(@organization_ids::uuid[]);

-- name: NoteBillingIncident :execrows
INSERT INTO switchboard.billing_incidents (kind, thing, organization_id) VALUES (@kind, @thing, @organization_id) ON CONFLICT DO NOTHING;

-- name: BeginBillingOperation :one
-- The one of the same key; or, without a key, the one that was begun and not finished; else a new one.
WITH made AS (
    INSERT INTO switchboard.billing_operations (id, organization_id, kind, target, idempotency_key, return_url)
    VALUES (@id, @organization_id, @kind, @target, sqlc.narg(idempotency_key), sqlc.narg(return_url))
    ON CONFLICT DO NOTHING RETURNING *
)
SELECT * FROM made
UNION ALL
SELECT * FROM switchboard.billing_operations o
WHERE o.organization_id = @organization_id AND o.kind = @kind
  AND (sqlc.narg(idempotency_key)::text IS NOT NULL AND o.idempotency_key = sqlc.narg(idempotency_key)
    OR sqlc.narg(idempotency_key)::text IS NULL AND o.idempotency_key IS NULL AND o.target = @target AND o.done_at IS NULL)
LIMIT 1;

-- name: NextBillingAttempt :one
UPDATE switchboard.billing_operations SET attempt = attempt + 1 WHERE id = @id RETURNING attempt;

-- name: FinishBillingOperation :exec
UPDATE switchboard.billing_operations SET done_at = coalesce(done_at, now()) WHERE id = @id;

-- name: OpenBillingSession :exec
UPDATE switchboard.billing_operations SET session_id = @session_id, session_url = @session_url WHERE id = @id;

-- name: CheckBillingCheckouts :many
-- Those that nobody has told us about for a while, and marks them as asked for: the older, the rarer.
UPDATE switchboard.billing_operations SET checked_at = now() WHERE id IN (
    SELECT o.id FROM switchboard.billing_operations o
    WHERE o.kind = 'CHECKOUT' AND o.done_at IS NULL AND o.session_id IS NOT NULL
      AND coalesce(o.checked_at, o.created_at) < now() - greatest(@least::interval, (now() - o.created_at) / 4)
    ORDER BY o.created_at LIMIT @most FOR UPDATE SKIP LOCKED)
RETURNING id, organization_id, session_id;

-- name: RemoveBillingOperations :execrows
DELETE FROM switchboard.billing_operations WHERE id IN (
    SELECT o.id FROM switchboard.billing_operations o WHERE o.created_at < now() - @kept_for::interval ORDER BY o.created_at LIMIT @most);

-- name: UseBilling :one
-- Counts a thing once, unless that would lead above the cap. fresh: it had not been counted; used: the month's new sum, where it was now.
WITH thing AS (
    INSERT INTO switchboard.billing_usage_things (metric, thing, organization_id, month, amount)
    VALUES (@metric, @thing, @organization_id, date_trunc('month', timezone('UTC', sqlc.arg(at)::timestamptz))::date, @amount)
    ON CONFLICT DO NOTHING RETURNING month, amount
), counted AS (
    INSERT INTO switchboard.billing_usage AS u (organization_id, month, metric, used)
    SELECT @organization_id, thing.month, @metric, thing.amount FROM thing WHERE sqlc.narg(cap)::bigint IS NULL OR thing.amount <= sqlc.narg(cap)
    ON CONFLICT (organization_id, month, metric) DO UPDATE SET used = u.used + EXCLUDED.used
        WHERE sqlc.narg(cap)::bigint IS NULL OR u.used + EXCLUDED.used <= sqlc.narg(cap)
    RETURNING u.used
)
SELECT EXISTS (SELECT FROM thing) AS fresh, EXISTS (SELECT FROM counted) AS counted;

-- name: RemoveBillingThings :execrows
-- The sums stay.
DELETE FROM switchboard.billing_usage_things WHERE (metric, thing) IN (
    SELECT t.metric, t.thing FROM switchboard.billing_usage_things t WHERE t.month < now() - @kept_for::interval LIMIT @most);

-- name: ListBillingUsage :many
SELECT metric, used FROM switchboard.billing_usage
WHERE organization_id = @organization_id AND month = date_trunc('month', timezone('UTC', sqlc.arg(at)::timestamptz))::date;

-- name: UpsertBillingPrice :exec
INSERT INTO switchboard.billing_prices (price_id, amount, currency, interval) VALUES (@price_id, @amount, @currency, @interval)
ON CONFLICT (price_id) DO UPDATE SET amount = EXCLUDED.amount, currency = EXCLUDED.currency, interval = EXCLUDED.interval, read_at = now();

-- name: ListBillingPrices :many
SELECT * FROM switchboard.billing_prices WHERE price_id = ANY(@price_ids::text[]);

-- name: BeginBillingReconciliation :one
-- No row comes back when one began less than that ago.
INSERT INTO switchboard.billing_reconciliations (id)
SELECT @id WHERE NOT EXISTS (SELECT FROM switchboard.billing_reconciliations r WHERE r.started_at > now() - @not_within::interval)
RETURNING id;

-- name: AddToBillingReconciliation :one
UPDATE switchboard.billing_reconciliations SET checked = checked + @checked, repaired = repaired + @repaired,
    finished_at = CASE WHEN @finished::boolean THEN now() END
WHERE id = @id RETURNING checked, repaired;
