/* From docs/openapi.json: npm run docs:write */

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check liveness
         * @description For a liveness probe: when there is no answer, a restart may help. No dependency is checked. It needs a key, and so can answer 401 and 503, only if `PUBLIC_PATHS` leaves its path out.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check readiness
         * @description For a readiness probe: checks the database, the registry of externals and the workers. Externals are reported, but do not make the gateway unready; their names only to a key, and on the listener of `METRICS_PORT`.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve the metrics
         * @description All metrics in the text format of Prometheus, up to a second old. Without a key, those with the label `external` are absent.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a payment
         * @description Executes a payment at the external. A `shopTransactionId` that already has a payment there is refused, unless that payment failed. One that is pending is queried first.
         */
        post: operations["pay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/pay-by-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a payment link
         * @description Creates a link at the external, by which the payer can pay later.
         */
        post: operations["payByLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a payment’s status
         * @description Queries the external now. The ledger does not change, and the receiver is not notified. Where the external offers no status, or was removed from the configuration, the ledger answers; its `UNKNOWN` is `PENDING`.
         *
         *     By `shopTransactionId`, as after a time-out: the newest payment of the order that is not FAILED, else the newest. The external is queried by the `paymentId` that the ledger has, else by the order if it supports that; what only the ledger knows is answered from it, and a payment of unknown outcome is PENDING.
         */
        get: operations["getPaymentStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check a payment and notify the receiver
         * @description Queries the external now, updates the ledger, and posts the status to the receiver (see the webhook). Where the external offers no status, or was removed from the configuration, the ledger answers; its `UNKNOWN` is `PENDING`.
         *
         *     By `shopTransactionId`, as after a time-out: the newest payment of the order that is not FAILED, else the newest. The external is queried by the `paymentId` that the ledger has, else by the order if it supports that; what only the ledger knows is answered from it, and a payment of unknown outcome is PENDING.
         */
        get: operations["checkPayment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund a payment
         * @description Refunds a payment or a part of it. All refunds of a payment, those in flight included, never exceed its amount. A `PENDING` refund ends later: query `refund/status`.
         */
        post: operations["refund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/refund/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a refund’s status
         * @description Queries the external now and updates the ledger. Where the external does not offer the query, or was removed from the configuration, the ledger answers. An `unknown` refund is `PENDING`. An accepted refund can still fail, when a bank sends it back: the amount can then be refunded again.
         */
        get: operations["getRefundStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Schedule a subscription
         * @description Schedules a subscription whose payments the external collects itself.
         */
        post: operations["scheduleSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a subscription
         * @description Starts a subscription whose payments you create one by one with `/subscription/pay`.
         */
        post: operations["startSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a payment of a subscription
         * @description Executes one payment of a subscription that was started with `/subscription/start`.
         */
        post: operations["paySubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/update/{subscriptionToken}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update a subscription
         * @description Changes the terms of a subscription: at least one field; `amount` and `currency` only together.
         */
        post: operations["updateSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/status/{subscriptionToken}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a subscription’s status
         * @description Queries the external now. The ledger does not change. After the external was removed from the configuration, the ledger answers.
         */
        get: operations["getSubscriptionStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Receive a callback
         * @description Stores and acknowledges the callback. Its content is not trusted, unless the external’s `callbackStatus` says so: the gateway queries the external for the status of what it names, and notifies the receivers. One that names a payment alone also has its open refunds queried. If the external cannot be queried now, the gateway retries later. For externals only, with the credentials of their `callbackAuth`.
         */
        get: operations["receiveCallback"];
        put?: never;
        /**
         * Receive a callback with a body
         * @description Stores and acknowledges the callback. Its content is not trusted, unless the external’s `callbackStatus` says so: the gateway queries the external for the status of what it names, and notifies the receivers. One that names a payment alone also has its open refunds queried. If the external cannot be queried now, the gateway retries later. For externals only, with the credentials of their `callbackAuth`. Query or body names the payment, the refund, the subscription or several of them; if query and body do, they must name the same. With `standard-webhooks`, the signed body alone names them.
         */
        post: operations["receiveCallbackWithBody"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read every change once
         * @description All changes of payments, refunds and subscriptions in the order in which they were committed, for a data warehouse. None is left out and none comes twice, from any replica: keep `nextCursor` together with the data, in one transaction, and send it as `after`. A few more changes than `limit` may come, so that those of one payment stay in order. `data` is what is known when the feed is read; `before` and `state` are those of the change. `Accept: application/x-ndjson` gets a line for each change, and a last line with `nextCursor`.
         */
        get: operations["getFeed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/attention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List items of attention
         * @description Lists what an operator must resolve, newest first, each item with advice: payments that are UNKNOWN or parked; orders that were paid twice, and canceled payments that were accepted all the same; refunds that are UNKNOWN, parked, PENDING for a day where the external cannot be queried, or have changed their end; ids that the external gave twice; parked subscriptions; changes of subscriptions of unknown outcome; DEAD notifications; callbacks of the last 30 days that the external never confirmed, unless the end of their payment is known; externals whose circuit is not closed or that refuse the gateway’s credentials, as the answering replica sees them.
         */
        get: operations["listAttention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what operators did
         * @description Lists checks, replays and resolutions by operators, and those that were refused for lack of a scope, newest first. An entry is stored in the transaction of the act and never changes. Filters can be combined. A page scans at most 2,000 entries: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List callbacks
         * @description Lists callbacks, newest first. Filters can be combined. A page scans at most 2,000 callbacks: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listCallbacks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/externals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List externals
         * @description Lists the configuration of the externals without secrets, and their health as the answering replica sees it: circuit breaker, calls in flight, latency, last success and failure.
         */
        get: operations["listExternals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List notifications
         * @description Lists notifications, newest first. Filters can be combined. A page scans at most 2,000 notifications: it may be short or empty while `nextCursor` is not null. `GET /admin/payments/{id}` has the attempts. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List operations of unknown outcome
         * @description Lists operations of unknown outcome, newest first. `paymentState` is the current state of the payment; refunds that are still open are listed under `/admin/attention`. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listOperations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments
         * @description Lists payments, newest first. Filters can be combined. With a filter on amount or currency, a page scans at most 2,000 payments: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List subscriptions
         * @description Lists subscriptions, newest first. Filters can be combined. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listSubscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve your credentials’ name and scopes
         * @description The name under which your acts are recorded, and what you may do. For user interfaces.
         */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/recovery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve the recovery of a restored ledger
         * @description Whether the ledger was restored to an older state and is recovering: until an operator ends the recovery, nothing is executed that an external may have executed already. An order that the ledger does not know is queried at the external, and refused with `recovering` where the external cannot tell.
         */
        get: operations["getRecovery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find items by any of their ids
         * @description Finds payments, refunds, subscriptions, operations, notifications, callbacks and acts of operators by the gateway’s own id, `paymentId`, `shopTransactionId`, `refundId`, `subscriptionToken`, request id or trace id. Request ids that the gateway made and all other ids are found at any age; other request ids and trace ids among the newest 10,000 operations and callbacks.
         */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve the figures of today
         * @description Items of attention by kind; externals as the answering replica sees them; notifications that wait or are dead; payments and refunds that were created in the last 24 hours and 30 days, by currency and present state. The totals come from hourly counts that a worker keeps: `countedAt` says how fresh they are.
         */
        get: operations["getSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a payment and its history
         * @description A payment with its refunds, operations, callbacks and notifications; `story` has all of it in order of time.
         */
        get: operations["getPayment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List refunds
         * @description Lists refunds, newest first. Filters can be combined. A page scans at most 2,000 refunds: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.
         */
        get: operations["listRefunds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/notifications/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a notification
         * @description Queues a notification again. Only the newest notification of a payment can be retried, so that the receiver never gets an older status after a newer one. The `webhook-id` and the body stay the same, the signature is new, and the retry schedule starts from its beginning.
         */
        post: operations["replayNotification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments/{id}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check a payment by its gateway id
         * @description Queries the external now, as `/v3/{external}/check` does: the ledger is updated, and a notification is queued.
         */
        post: operations["checkPaymentById"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments/{id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund a payment by its gateway id
         * @description Refunds a payment or a part of it, as `/v3/{external}/refund` does; without `amount`, all that is not refunded yet. Needs an `Idempotency-Key`. The name of the credentials and the reason are recorded, and receivers of refunds are notified.
         */
        post: operations["refundPaymentById"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a pending payment by its gateway id
         * @description Cancels a payment that is PENDING, as `/v3/{external}/cancel` does, where the external offers it. Needs an `Idempotency-Key`. The name of the credentials and the reason are recorded.
         */
        post: operations["cancelPaymentById"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/notifications/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry all dead notifications
         * @description Queues all matching notifications again; an empty filter or body means all DEAD ones. The `webhook-id` and the body stay the same, the signature is new, and the retry schedule starts from its beginning.
         */
        post: operations["replayNotifications"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a pending payment
         * @description Cancels a payment that is PENDING, such as an abandoned checkout, so that its order can be paid anew. After `OK` the payment is FAILED. After any other end the payment is what it was, and the gateway queries its status at once. Only for externals that offer it.
         */
        post: operations["cancelPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v3/{external}/subscription/expire/{subscriptionToken}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Expire a subscription as in PGM 12
         * @description The same as DELETE, for callers that move from PGM 12.x: only for an external with `compatibility: pgm-12`, else 405.
         */
        post: operations["expireSubscriptionByPost"];
        /**
         * Expire a subscription
         * @description Ends a subscription: no further payment of it is made.
         */
        delete: operations["expireSubscription"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/recovery/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the recovery of a restored ledger
         * @description From then on operations are executed as ever, at all replicas: what the externals have executed since the restored state and the ledger does not know can be executed again. Compare the ledger with the externals’ settlement files first. `RECOVERED_FROM` may stay set: the same time does not begin the recovery again.
         */
        post: operations["endRecovery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/payments/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve a payment
         * @description Records the end of an UNKNOWN payment, or of a PENDING one that is parked, when it is known from another source. The name of the credentials and the reason are recorded, and a notification is queued. `FAILED` releases the `Idempotency-Key`: a repeat is a new attempt and validated as such. To correct a resolution, send another one with its event in `corrects`. The second of two concurrent resolutions is refused with `conflict`, which names the event of the first.
         */
        post: operations["resolvePayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/refunds/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve a refund
         * @description Records the end of an UNKNOWN or PENDING refund that is known from another source, and notifies receivers of refunds. `KO` releases the reserved amount and the `Idempotency-Key`. The present status of a refund that has changed its end ends its item of attention. To correct a resolution, send another one with its event in `corrects`: `KO` releases the amount and the key after all, `OK` takes the amount again and is refused where other refunds have taken it.
         */
        post: operations["resolveRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/subscriptions/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve a subscription
         * @description Records the state of a parked subscription, which is no longer queried, when it is known from another source. A payment of it that is UNKNOWN too is resolved separately. To correct a resolution, send another one with its event in `corrects`.
         */
        post: operations["resolveSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/operations/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve a change of a subscription
         * @description Records the outcome of an update or an expiry of unknown outcome. Operations about a payment or a refund are resolved with the payment or the refund. To correct a resolution, send another one with its event in `corrects`.
         */
        post: operations["resolveOperation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase the texts of a payment, an order or a subscription
         * @description Empties what may name a person, for good: bodies of callbacks, `metadata` and `action`, redirect URLs and links, descriptions and error texts of the external, answers of receivers, reasons of operators. Notifications that wait and stored answers lose theirs too, and texts that arrive later are not stored. Ids, amounts, states, times and the audit stay, and so does an `Idempotency-Key` until it expires: a repeat gets the stored answer without its texts. Refused with `conflict` while an operation is running or a payment is UNKNOWN, because what the external still answers decides about money.
         */
        post: operations["eraseTexts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    paymentStatusChanged: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Notify the receiver of a payment
         * @description The gateway posts this to `PAYMENT_CALLBACK_URL`, and to the receivers of `RECEIVERS_CONFIG` that have the event `payment`, after `check`, a verified callback, and a change found by reconciliation: at least once, and never an older status after a newer one. Verify the signature over the raw body before you parse it, and order notifications by the `version` in it.
         *
         *     After any status but 2xx, or no response in 10 s, the gateway retries on a growing schedule (`NOTIFICATION_SCHEDULE`).
         */
        post: operations["paymentStatusChanged"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    refundStatusChanged: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Notify a receiver of a refund
         * @description The gateway posts this to the receivers of `RECEIVERS_CONFIG` that have the event `refund`, after a verified callback that names it, and a change found by reconciliation or made by an operator: at least once, and never an older status after a newer one. Verify the signature over the raw body before you parse it, and order notifications by the `version` in it.
         *
         *     After any status but 2xx, or no response in 10 s, the gateway retries on a growing schedule (`NOTIFICATION_SCHEDULE`).
         */
        post: operations["refundStatusChanged"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    subscriptionStatusChanged: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Notify a receiver of a subscription
         * @description The gateway posts this to the receivers of `RECEIVERS_CONFIG` that have the event `subscription`, after a verified callback that names it, and a change found by reconciliation or made by an operator: at least once, and never an older status after a newer one. Verify the signature over the raw body before you parse it, and order notifications by the `version` in it.
         *
         *     After any status but 2xx, or no response in 10 s, the gateway retries on a growing schedule (`NOTIFICATION_SCHEDULE`).
         */
        post: operations["subscriptionStatusChanged"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        ReplayRequest: {
            /**
             * @description Default DEAD.
             * @example DEAD
             * @enum {string|null}
             */
            state?: "DEAD" | "RETRY" | "PENDING" | "DELIVERED" | "SUPERSEDED" | null;
            /**
             * @description Those of this external.
             * @example acme
             */
            external?: string | null;
            /**
             * @description Those to this receiver.
             * @example erp
             */
            receiver?: string | null;
            /**
             * Format: date-time
             * @description Queued at this time or later.
             * @example 2026-01-31T00:00:00Z
             */
            from?: string | null;
            /**
             * Format: date-time
             * @description Queued before this time.
             * @example 2026-02-01T00:00:00Z
             */
            to?: string | null;
        };
        ReplayResult: {
            /**
             * Format: int64
             * @description The number of notifications that were queued again.
             * @example 12
             */
            replayed: number;
            /**
             * Format: int64
             * @description The number of matching notifications that were skipped: superseded by a newer one of the same payment, or being delivered now.
             * @example 1
             */
            skipped: number;
        };
        ReplayedNotification: {
            /** @example ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644 */
            id: string;
            /**
             * @example PENDING
             * @enum {string}
             */
            state: "PENDING";
        };
        /**
         * @description An ISO 4217 alphabetic code.
         * @enum {string}
         */
        Currency: "AED" | "AFN" | "ALL" | "AMD" | "ANG" | "AOA" | "ARS" | "AUD" | "AWG" | "AZN" | "BAM" | "BBD" | "BDT" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOV" | "BRL" | "BSD" | "BTN" | "BWP" | "BYN" | "BZD" | "CAD" | "CDF" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNY" | "COP" | "COU" | "CRC" | "CUP" | "CVE" | "CZK" | "DJF" | "DKK" | "DOP" | "DZD" | "EGP" | "ERN" | "ETB" | "EUR" | "FJD" | "FKP" | "GBP" | "GEL" | "GHS" | "GIP" | "GMD" | "GNF" | "GTQ" | "GYD" | "HKD" | "HNL" | "HTG" | "HUF" | "IDR" | "ILS" | "INR" | "IQD" | "IRR" | "ISK" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LYD" | "MAD" | "MDL" | "MGA" | "MKD" | "MMK" | "MNT" | "MOP" | "MRU" | "MUR" | "MVR" | "MWK" | "MXN" | "MXV" | "MYR" | "MZN" | "NAD" | "NGN" | "NIO" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEN" | "PGK" | "PHP" | "PKR" | "PLN" | "PYG" | "QAR" | "RON" | "RSD" | "RUB" | "RWF" | "SAR" | "SBD" | "SCR" | "SDG" | "SEK" | "SGD" | "SHP" | "SLE" | "SLL" | "SOS" | "SRD" | "SSP" | "STN" | "SVC" | "SYP" | "SZL" | "THB" | "TJS" | "TMT" | "TND" | "TOP" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UGX" | "USD" | "USN" | "UYI" | "UYU" | "UYW" | "UZS" | "VED" | "VES" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XAG" | "XAU" | "XBA" | "XBB" | "XBC" | "XBD" | "XCD" | "XCG" | "XDR" | "XOF" | "XPD" | "XPF" | "XPT" | "XSU" | "XTS" | "XUA" | "XXX" | "YER" | "ZAR" | "ZMW" | "ZWG" | "ZWL";
        PayRequest: {
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The shop’s id of the order. Compared without outer white space and invisible characters, in Unicode NFC.
             * @example order-1001
             */
            shopTransactionId: string;
            /**
             * Format: uri
             * @description Where the payer goes after success: a page, https only in production, or an app (`myshop://paid`).
             * @example https://shop.example/thanks
             */
            successRedirectUrl?: string | null;
            /**
             * Format: uri
             * @description Where the payer goes after failure: a page, https only in production, or an app (`myshop://failed`).
             * @example https://shop.example/sorry
             */
            failureRedirectUrl?: string | null;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: int64
             * @description In minor units: EUR 12.99 is 1299, JPY 500 is 500.
             * @example 1299
             */
            amount: number;
        };
        PayAnswer: components["schemas"]["PayAnswerOk"] | components["schemas"]["PayAnswerKo"] | components["schemas"]["PayAnswerPending"] | components["schemas"]["PayAnswerRedirectToUrl"];
        PayAnswerOk: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "OK";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        PayAnswerKo: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "KO";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        PayAnswerPending: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        PayAnswerRedirectToUrl: {
            /**
             * @example REDIRECT_TO_URL
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        } & ({
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
        } | {
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile: string;
        }) & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
        };
        PayByLinkAnswer: components["schemas"]["PayByLinkAnswerOk"] | components["schemas"]["PayByLinkAnswerKo"];
        PayByLinkAnswerOk: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "OK";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /** @example pm_7f3a */
            paymentId?: string;
            /**
             * Format: uri
             * @description The link to give to the payer. Absent only with `KO`.
             * @example https://pay.example/l/7f3a
             */
            link: string;
        };
        PayByLinkAnswerKo: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "KO";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /** @example pm_7f3a */
            paymentId?: string;
            /**
             * Format: uri
             * @description The link to give to the payer. Absent only with `KO`.
             * @example https://pay.example/l/7f3a
             */
            link?: string;
        };
        CancelRequest: {
            /**
             * @description The payment to cancel, as `/pay` named it.
             * @example pm_2b8c
             */
            paymentId: string;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
        };
        CancelAnswer: {
            /**
             * @description `OK`: the payment can no longer be paid.
             * @example OK
             * @enum {string}
             */
            result: "OK" | "KO" | "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
        };
        PaymentStatus: {
            /**
             * @example ACCEPTED
             * @enum {string}
             */
            status: "ACCEPTED" | "FAILED" | "PENDING";
            /**
             * @description Absent where the payment was never executed, or its id is not known: go by `shopTransactionId`.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * @description Absent only where neither the external nor the gateway knows it.
             * @example order-1001
             */
            shopTransactionId?: string;
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @description Data of the external; what repeats `providerData` is masked. */
            action?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        RefundRequest: {
            /**
             * Format: int64
             * @description In minor units.
             * @example 500
             */
            amount: number;
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The payment to refund, as `/pay` named it.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
        };
        RefundResult: {
            /**
             * @example OK
             * @enum {string}
             */
            result: "OK" | "KO" | "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the refund where it names one, else the gateway’s own. Never changes.
             * @example re_5d10
             */
            refundId: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        RefundStatus: {
            /**
             * @description An accepted refund can still fail: a bank sends it back.
             * @example ACCEPTED
             * @enum {string}
             */
            status: "ACCEPTED" | "FAILED" | "PENDING";
            /**
             * @description Never changes.
             * @example re_5d10
             */
            refundId: string;
            /** @example pm_7f3a */
            paymentId: string;
            /**
             * @description Of the payment. Absent only where neither the external nor the gateway knows it.
             * @example order-1001
             */
            shopTransactionId?: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 500
             */
            amount: number;
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        SubscriptionInfo: {
            /**
             * @example MONTH
             * @enum {string}
             */
            interval: "DAY" | "MONTH";
            /**
             * @description The number of intervals between payments.
             * @example 1
             */
            intervalCount: number;
            /**
             * @description The greatest number of payments, after which it ends; absent: never.
             * @example 12
             */
            expiresAfter?: number | null;
            /** @description Of `subscription/pay` only. */
            token?: null;
        };
        SubscriptionStartRequest: {
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The shop’s id of the order. Compared without outer white space and invisible characters, in Unicode NFC.
             * @example order-1001
             */
            shopTransactionId: string;
            /**
             * Format: uri
             * @description Where the payer goes after success: a page, https only in production, or an app (`myshop://paid`).
             * @example https://shop.example/thanks
             */
            successRedirectUrl?: string | null;
            /**
             * Format: uri
             * @description Where the payer goes after failure: a page, https only in production, or an app (`myshop://failed`).
             * @example https://shop.example/sorry
             */
            failureRedirectUrl?: string | null;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: int64
             * @description In minor units; 0 for a free first period.
             * @example 999
             */
            amount: number;
            subscriptionInfo: components["schemas"]["SubscriptionInfo"];
        };
        SubscriptionPayAnswer: components["schemas"]["SubscriptionPayAnswerOk"] | components["schemas"]["SubscriptionPayAnswerKo"] | components["schemas"]["SubscriptionPayAnswerPending"] | components["schemas"]["SubscriptionPayAnswerRedirectToUrl"];
        SubscriptionPayAnswerOk: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "OK";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Names the subscription in all later calls. Absent only with `KO`.
             * @example sub_91c2
             */
            subscriptionToken: string;
        };
        SubscriptionPayAnswerKo: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "KO";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Names the subscription in all later calls. Absent only with `KO`.
             * @example sub_91c2
             */
            subscriptionToken?: string;
        };
        SubscriptionPayAnswerPending: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Names the subscription in all later calls. Absent only with `KO`.
             * @example sub_91c2
             */
            subscriptionToken: string;
        };
        SubscriptionPayAnswerRedirectToUrl: {
            /**
             * @example REDIRECT_TO_URL
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Names the subscription in all later calls. Absent only with `KO`.
             * @example sub_91c2
             */
            subscriptionToken: string;
        } & ({
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
        } | {
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile: string;
        }) & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
        };
        SubscriptionReference: {
            /**
             * @description The `subscriptionToken` of schedule or start.
             * @example sub_91c2
             */
            token: string;
            /**
             * @example MONTH
             * @enum {string|null}
             */
            interval?: "DAY" | "MONTH" | null;
            /**
             * @description The number of intervals between payments.
             * @example 1
             */
            intervalCount?: number | null;
            /**
             * @description The greatest number of payments, after which it ends; absent: never.
             * @example 12
             */
            expiresAfter?: number | null;
        };
        SubscriptionPayRequest: {
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The shop’s id of the order. Compared without outer white space and invisible characters, in Unicode NFC.
             * @example order-1001
             */
            shopTransactionId: string;
            /**
             * Format: uri
             * @description Where the payer goes after success: a page, https only in production, or an app (`myshop://paid`).
             * @example https://shop.example/thanks
             */
            successRedirectUrl?: string | null;
            /**
             * Format: uri
             * @description Where the payer goes after failure: a page, https only in production, or an app (`myshop://failed`).
             * @example https://shop.example/sorry
             */
            failureRedirectUrl?: string | null;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: int64
             * @description In minor units; 0 for a free first period.
             * @example 999
             */
            amount: number;
            subscriptionInfo: components["schemas"]["SubscriptionReference"];
        };
        SubscriptionChargeAnswer: components["schemas"]["SubscriptionChargeAnswerOk"] | components["schemas"]["SubscriptionChargeAnswerKo"] | components["schemas"]["SubscriptionChargeAnswerPending"] | components["schemas"]["SubscriptionChargeAnswerRedirectToUrl"];
        SubscriptionChargeAnswerOk: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "OK";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @example sub_91c2 */
            subscriptionToken: string;
        };
        SubscriptionChargeAnswerKo: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "KO";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @example sub_91c2 */
            subscriptionToken: string;
        };
        SubscriptionChargeAnswerPending: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @example sub_91c2 */
            subscriptionToken: string;
        };
        SubscriptionChargeAnswerRedirectToUrl: {
            /**
             * @example REDIRECT_TO_URL
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /**
             * @description The external’s id of the payment. Absent only with `KO`.
             * @example pm_7f3a
             */
            paymentId: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @example sub_91c2 */
            subscriptionToken: string;
        } & ({
            /**
             * Format: uri
             * @description Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.
             * @example https://pay.example/r/7f3a
             */
            redirectToUrl: string;
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile?: string;
        } | {
            /**
             * Format: uri
             * @description The same for a mobile device: also the link of an app.
             * @example bankapp://pay/7f3a
             */
            redirectToUrlMobile: string;
        }) & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            result: "REDIRECT_TO_URL";
        };
        SubscriptionUpdateRequest: {
            /**
             * Format: int64
             * @description In minor units, together with `currency`.
             * @example 1499
             */
            amount?: number | null;
            /**
             * @description Together with `amount`.
             * @example EUR
             */
            currency?: components["schemas"]["Currency"] | null;
            /** @example order-1001 */
            shopTransactionId?: string | null;
            subscriptionInfo?: components["schemas"]["SubscriptionInfo"] | null;
            /** @description Data for the external, passed through. Never stored, never logged. */
            providerData?: {
                [key: string]: unknown;
            } | null;
        };
        SubscriptionUpdateAnswer: {
            /**
             * @example OK
             * @enum {string}
             */
            result: "OK" | "KO" | "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /** @example sub_91c2 */
            subscriptionToken: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        SubscriptionStatus: {
            /**
             * @description `UNKNOWN` only from an external with `compatibility`.
             * @example ACTIVE
             * @enum {string}
             */
            status: "PENDING" | "ACTIVE" | "PAST_DUE" | "EXPIRED" | "CANCELED" | "UNKNOWN";
            /** @example sub_91c2 */
            subscriptionToken: string;
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
        };
        SubscriptionExpireAnswer: {
            /**
             * @example OK
             * @enum {string}
             */
            result: "OK" | "KO" | "PENDING";
            /**
             * @description A description for a person.
             * @example Insufficient funds
             */
            resultDescription?: string;
            /** @example sub_91c2 */
            subscriptionToken: string;
        };
        CallbackAcknowledgement: {
            /** @enum {boolean} */
            received: true;
            /**
             * @description The payment that the callback named.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * @description The refund that the callback named.
             * @example re_5d10
             */
            refundId?: string;
            /**
             * @description The subscription that the callback named.
             * @example sub_91c2
             */
            subscriptionToken?: string;
        };
        Callback: {
            /**
             * @description The payment whose status may have changed, unless the query names it.
             * @example pm_7f3a
             */
            paymentId?: string | null;
            /**
             * @description The refund whose status may have changed, alone or beside the payment.
             * @example re_5d10
             */
            refundId?: string | null;
            /**
             * @description The subscription whose state may have changed, alone or beside the others.
             * @example sub_91c2
             */
            subscriptionToken?: string | null;
            /**
             * @description Believed only if it is signed and the external’s `callbackStatus` is `trusted`.
             * @example ACCEPTED
             * @enum {string|null}
             */
            status?: "ACCEPTED" | "FAILED" | "PENDING" | null;
        } & {
            [key: string]: unknown;
        };
        FeedData: {
            /** @example acme */
            external?: string;
            /**
             * @description The gateway’s own id of the payment: the one that changed, or that of the refund.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            refund?: string;
            subscription?: string;
            /**
             * @description The external’s id.
             * @example pm_7f3a
             */
            paymentId?: string;
            /** @description As callers get it. */
            refundId?: string;
            /** @description The external’s token. */
            subscriptionToken?: string;
            /** @example order-1001 */
            shopTransactionId?: string;
            /**
             * Format: int64
             * @description Of the item that changed, in minor units.
             * @example 1299
             */
            amount?: number;
            /** @example EUR */
            currency?: components["schemas"]["Currency"];
            /**
             * @description The state before the change.
             * @example CREATED
             */
            before: string;
            /**
             * @description The state after it.
             * @example ACCEPTED
             */
            state: string;
            /**
             * @description What the gateway learned it by.
             * @example call
             * @enum {string}
             */
            source: "call" | "callback" | "check" | "reconciliation" | "operator";
        };
        FeedItem: {
            /**
             * @description Unique for each change, and the same whenever it is read.
             * @example evt_0199f2a4-c8a0-7d52-9c41-0a1b2c3d4e5f
             */
            id: string;
            /**
             * @example payment
             * @enum {string}
             */
            type: "payment" | "refund" | "subscription";
            /**
             * Format: date-time
             * @description When it changed.
             * @example 2026-01-31T12:00:00.150Z
             */
            at: string;
            data: components["schemas"]["FeedData"];
        };
        FeedPage: {
            /** @description The changes, in the order in which they were committed. */
            items: components["schemas"]["FeedItem"][];
            /**
             * @description Where to go on, never null. Keep it with your own data, in the same transaction.
             * @example NWYxYzJhM2I0ZDVlNmY3MDo3NDEuMTI
             */
            nextCursor: string;
        };
        QueryRecord: {
            /**
             * @description What sent them. `order`: a second payment of the order; `repeat`: a repeated request of unknown outcome; `refund`, `cancel`: a refund or cancellation of the payment; `status`: a caller’s `/status`.
             * @example reconciliation
             * @enum {string}
             */
            source: "reconciliation" | "check" | "callback" | "order" | "repeat" | "refund" | "cancel" | "status";
            /**
             * @description The status that the external answered, or the reason why there is none.
             * @example not-found
             */
            result: string;
            /**
             * @description What went wrong.
             * @example The external does not know what the request names.
             */
            detail?: string;
            /**
             * @description How many queries there were.
             * @example 3
             */
            times: number;
            /**
             * Format: date-time
             * @description The time of the first.
             * @example 2026-01-31T12:01:00.000Z
             */
            firstAt: string;
            /**
             * Format: date-time
             * @description The time of the last.
             * @example 2026-01-31T12:10:00.000Z
             */
            lastAt: string;
            /** @description The callback, operation or request that caused the last. */
            cause?: string;
        };
        AttemptRecord: {
            /**
             * Format: int64
             * @description Counts up from 1, and again after a replay.
             * @example 1
             */
            attempt: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:00.100Z
             */
            at: string;
            /**
             * Format: int64
             * @description Absent where the receiver did not answer.
             * @example 503
             */
            status?: number;
            /**
             * Format: int64
             * @example 12
             */
            durationMs?: number;
            /** @description Why there is no complete answer. */
            error?: string;
            /** @description The beginning of the answer, masked. */
            answer?: string;
        };
        AttentionItem: {
            /**
             * @example payment-unknown
             * @enum {string}
             */
            kind: "payment-unknown" | "payment-parked" | "payment-id-taken" | "order-paid-twice" | "canceled-payment-accepted" | "refund-stuck" | "refund-reversed" | "subscription-parked" | "subscription-token-taken" | "operation-unknown" | "notification-dead" | "callback-unconfirmed" | "circuit-open" | "credentials-refused";
            /**
             * @description The gateway’s own id; for an item about an external, the external’s name.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            id: string;
            /** @example acme */
            external: string;
            /** @example UNKNOWN */
            state: string;
            /**
             * Format: date-time
             * @description When it entered this state.
             * @example 2026-01-31T12:00:10.000Z
             */
            since: string;
            /**
             * @description The payment that it is, or is about, `pay_…`.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            /** @example pm_7f3a */
            paymentId?: string;
            /**
             * @description As callers and receivers get it.
             * @example re_5d10
             */
            refundId?: string;
            /**
             * @description The external’s id of the refund, if it named one: its support knows the refund by it.
             * @example re_5d10
             */
            externalRefundId?: string;
            /**
             * @description The order of the payment or subscription; of a refund or a notification, that of what it is about.
             * @example order-1001
             */
            shopTransactionId?: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 1299
             */
            amount?: number;
            /** @example EUR */
            currency?: components["schemas"]["Currency"];
            /**
             * @description The reason, where it is known.
             * @example timeout
             */
            detail?: string;
            /** @description The last status queries about the payment or refund. */
            lastQuery?: components["schemas"]["QueryRecord"];
            /** @description The last attempt to deliver the notification. */
            lastDelivery?: components["schemas"]["AttemptRecord"];
            /**
             * Format: date-time
             * @description When the gateway queries the external next, or tries whether it works again.
             * @example 2026-01-31T12:30:00.000Z
             */
            nextTryAt?: string;
            /** @description What to do next. It follows from what happened. */
            advice: string;
        };
        AttentionPage: {
            items: components["schemas"]["AttentionItem"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        AuditRecord: {
            /** @example aud_0199f2a6-11c4-7d21-9e3f-4a5b6c7d8e9f */
            id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:05:00.000Z
             */
            at: string;
            /**
             * @description The name of the credentials; `oidc:` and the subject for a token, empty without credentials.
             * @example oidc:jane
             */
            operator: string;
            /**
             * @description The `operationId` of the request.
             * @example resolvePayment
             */
            action: string;
            /**
             * @description `begun`: an external is called, or decides later; a later entry with the same `requestId` says what came of it. `done`: it was done. `failed`: nothing was done, and `change` says why. `unknown`: it may have been executed. `refused`: the operator lacks the scope, and nothing was done.
             * @example done
             * @enum {string}
             */
            result: "begun" | "done" | "failed" | "unknown" | "refused";
            /**
             * @description The gateway’s id of the item; missing for an act on many.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            subject?: string;
            /** @example acme */
            external?: string;
            /**
             * @description What the act changes; of an act that called an external, what came of it: a `result`, or the code of a problem.
             * @example UNKNOWN → ACCEPTED
             */
            change?: string;
            /**
             * @description The operator’s reason, where the act requires one.
             * @example acme’s support confirmed it by phone, ticket 4711
             */
            reason?: string;
            /**
             * @description The address of the client, behind the proxies of `TRUST_PROXY` as they name it.
             * @example 203.0.113.9
             */
            address?: string;
            /**
             * @description As in every log line about the request.
             * @example req_0199f2a6-11c0-7a10-8e21-3a4b5c6d7e8f
             */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
        };
        AuditPage: {
            items: components["schemas"]["AuditRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        CallbackRecord: {
            /** @example cbk_0199f2a5-03a0-7e45-8c1d-2e3f4a5b6c7d */
            id: string;
            /** @example acme */
            external: string;
            /**
             * @description The external’s id of the payment, if the callback is about one.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * @description The refund, if the callback is about one. A callback that names both is two records.
             * @example re_5d10
             */
            refundId?: string;
            /**
             * @description The subscription, if the callback is about one; likewise.
             * @example sub_91c2
             */
            subscriptionToken?: string;
            /**
             * @description `UNCONFIRMED`: the external never confirmed the callback, and it changed nothing.
             * @example VERIFIED
             * @enum {string}
             */
            state: "PENDING" | "LEASED" | "VERIFIED" | "UNCONFIRMED";
            /**
             * @example POST
             * @enum {string}
             */
            method: "GET" | "POST";
            /** @description The body as received, masked: a JSON value, or a text. */
            body?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:00.000Z
             */
            receivedAt: string;
            /**
             * Format: int64
             * @description The number of identical callbacks that arrived before it was verified.
             * @example 0
             */
            repeats: number;
            /**
             * Format: date-time
             * @description When the last identical callback arrived.
             * @example 2026-01-31T12:01:00.000Z
             */
            lastReceivedAt: string;
            /**
             * Format: int64
             * @description The number of status queries to the external.
             * @example 1
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When the external is queried next.
             */
            nextAttemptAt?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:00.080Z
             */
            finishedAt?: string;
            /**
             * @description As the external named it.
             * @example order-1001
             */
            shopTransactionId?: string;
            /** @description Why the external did not confirm it at the last attempt. */
            lastError?: string;
            /** @description As in every log line about this item. */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
        };
        CallbackPage: {
            items: components["schemas"]["CallbackRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        LatencyRecord: {
            /**
             * Format: int64
             * @description The number of recent calls that the percentiles are taken from.
             * @example 128
             */
            calls: number;
            /**
             * Format: int64
             * @description In milliseconds, rounded.
             * @example 42
             */
            p50Ms: number;
            /**
             * Format: int64
             * @example 180
             */
            p95Ms: number;
        };
        CircuitBreakerRecord: {
            /**
             * Format: int64
             * @example 5
             */
            failures: number;
            /**
             * Format: int64
             * @example 10000
             */
            windowMs: number;
            /**
             * Format: int64
             * @example 5000
             */
            openMs: number;
        };
        ExternalRecord: {
            /** @example acme */
            external: string;
            /** @example https://acme.internal/payments */
            baseUrl: string;
            /**
             * @description The circuit breaker.
             * @example closed
             * @enum {string}
             */
            circuit: "closed" | "open" | "half-open";
            /**
             * Format: int64
             * @description Calls in flight.
             * @example 3
             */
            inFlight: number;
            /**
             * Format: int64
             * @description The maximum number of calls in flight.
             * @example 200
             */
            maxConcurrency: number;
            /** @description Absent before the first call. */
            latency?: components["schemas"]["LatencyRecord"];
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            lastSuccessAt?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T11:40:10.000Z
             */
            lastFailureAt?: string;
            /** @example timeout: No answer came in time. */
            lastFailure?: string;
            /**
             * Format: int64
             * @example 10000
             */
            timeoutMs: number;
            circuitBreaker: components["schemas"]["CircuitBreakerRecord"];
            /**
             * @description How the gateway authenticates to the external.
             * @example bearer
             */
            auth: string;
            /**
             * @description How the external authenticates its callbacks.
             * @example standard-webhooks
             */
            callbackAuth: string;
            /** @description The addresses that may send callbacks; absent: all. */
            callbackAllowedIps?: string[];
            /**
             * @description The enabled operations.
             * @example [
             *       "pay",
             *       "status"
             *     ]
             */
            operations: string[];
            /** @example true */
            honoursIdempotencyKey: boolean;
            /** @example false */
            statusByShopTransactionId: boolean;
            /**
             * @description False: one exchange a connection.
             * @example true
             */
            reuseConnections: boolean;
            /**
             * Format: int64
             * @description An older connection serves no further exchange.
             * @example 300000
             */
            maxConnectionAgeMs: number;
            /**
             * @example refuse
             * @enum {string}
             */
            duplicatePayments: "refuse" | "allow";
            /**
             * @description `trusted`: the status in a signed callback is believed.
             * @example queried
             * @enum {string}
             */
            callbackStatus: "queried" | "trusted";
        };
        ExternalPage: {
            items: components["schemas"]["ExternalRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        NotificationRecord: {
            /**
             * @description The `webhook-id`.
             * @example ntf_0199f2a5-04b2-7f10-9d2e-3f4a5b6c7d8e
             */
            id: string;
            /**
             * @description The receiver: `payment-callback` is that of `PAYMENT_CALLBACK_URL`.
             * @example payment-callback
             */
            receiver: string;
            /**
             * @description `X-Tollgate-Event`.
             * @example payment
             * @enum {string}
             */
            event: "payment" | "refund" | "subscription";
            /**
             * @description The payment that it reports, `pay_…`.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            /** @description The refund that it reports, `ref_…`. */
            refund?: string;
            /** @description The subscription that it reports, `sub_…`. */
            subscription?: string;
            /** @example acme */
            external: string;
            /**
             * @example DELIVERED
             * @enum {string}
             */
            state: "PENDING" | "LEASED" | "RETRY" | "DELIVERED" | "DEAD" | "SUPERSEDED";
            /**
             * Format: int64
             * @description `X-Payment-Version`.
             * @example 1
             */
            version: number;
            /** @description The body. */
            payload: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description The number of attempts since it was queued or last replayed.
             * @example 2
             */
            attempts: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:00.080Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:05.300Z
             */
            updatedAt: string;
            /**
             * Format: date-time
             * @description When the next attempt is made.
             */
            nextAttemptAt?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:05.300Z
             */
            deliveredAt?: string;
            /** @description As in every log line about this item. */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
        };
        NotificationPage: {
            items: components["schemas"]["NotificationRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        UnknownOperationRecord: {
            /**
             * @description The gateway’s own id.
             * @example op_0199f2a4-c7d0-7a02-b1c3-0f9e8d7c6b5a
             */
            id: string;
            /** @example acme */
            external: string;
            /** @example pay */
            operation: string;
            /**
             * @example completed
             * @enum {string}
             */
            state: "running" | "completed" | "rejected" | "not-executed" | "unknown";
            /**
             * @description Why it did not complete. Of a completed one: `operator`, who resolved it, or `inquiry`, if a repeat found its outcome.
             * @example timeout
             */
            reason?: string;
            /**
             * @description The name of the caller’s credentials; empty without credentials.
             * @example shop
             */
            caller: string;
            /** @description The key that the external received: the caller’s, or one that the gateway generated. */
            idempotencyKey: string;
            /** @description As in every log line of the request. */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            finishedAt?: string;
            /**
             * Format: int64
             * @description The status of the answer to the caller.
             * @example 200
             */
            answerStatus?: number;
            /** @description The answer to the caller, while it is kept for repeats with the same `Idempotency-Key`. */
            answer?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @description The payment that the operation is about, `pay_…`. */
            payment?: string;
            /** @description The refund that the operation is about, `ref_…`. */
            refund?: string;
            /** @description The subscription that the operation is about, `sub_…`. */
            subscription?: string;
            /**
             * @description The current state of its payment.
             * @example ACCEPTED
             * @enum {string}
             */
            paymentState?: "PENDING" | "ACCEPTED" | "FAILED" | "UNKNOWN";
        };
        OperationPage: {
            items: components["schemas"]["UnknownOperationRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        PaymentRecord: {
            /**
             * @description The gateway’s own id.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            id: string;
            /** @example acme */
            external: string;
            /**
             * @example ACCEPTED
             * @enum {string}
             */
            state: "CREATED" | "PENDING" | "ACCEPTED" | "FAILED" | "UNKNOWN";
            /**
             * @description The operation that created it. `learned`: a callback or a check named a payment that the gateway did not know.
             * @example pay
             * @enum {string}
             */
            origin: "pay" | "pay-by-link" | "subscription" | "learned";
            /**
             * @description The external’s id, once known.
             * @example pm_7f3a
             */
            paymentId?: string;
            /** @example order-1001 */
            shopTransactionId?: string;
            /** @example sub_91c2 */
            subscriptionToken?: string;
            /**
             * Format: int64
             * @description In minor units. Absent where the gateway did not create the payment.
             * @example 1299
             */
            amount?: number;
            /** @example EUR */
            currency?: components["schemas"]["Currency"];
            /**
             * Format: int64
             * @description The sum of completed and reserved refunds, in minor units.
             * @example 0
             */
            refundedAmount: number;
            /**
             * @description The name of the caller’s credentials.
             * @example shop
             */
            caller?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            updatedAt: string;
            /**
             * Format: int64
             * @description The number of status queries that the gateway made by itself.
             * @example 0
             */
            questions: number;
            /**
             * Format: date-time
             * @description When the external is queried next.
             */
            nextQuestionAt?: string;
            /**
             * Format: date-time
             * @description When reconciliation stopped without a final state: an operator must resolve it.
             */
            parkedAt?: string;
            /**
             * Format: date-time
             * @description When the external answered OK to a cancellation.
             */
            canceledAt?: string;
            /**
             * @description The trace id of the request that created it.
             * @example 4bf92f3577b34da6a3ce929d0e0e4736
             */
            traceId?: string;
        };
        PaymentPage: {
            items: components["schemas"]["PaymentRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        SubscriptionRecord: {
            /**
             * @description The gateway’s own id.
             * @example sub_0199f2a4-e1f2-7034-8b5c-6d7e8f9a0b1c
             */
            id: string;
            /** @example acme */
            external: string;
            /**
             * @example ACTIVE
             * @enum {string}
             */
            state: "CREATED" | "PENDING" | "ACTIVE" | "PAST_DUE" | "EXPIRED" | "CANCELED" | "FAILED" | "UNKNOWN";
            /**
             * @description The external’s token, once known.
             * @example sub_91c2
             */
            subscriptionToken?: string;
            /** @example order-1001 */
            shopTransactionId: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 999
             */
            amount: number;
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @example MONTH
             * @enum {string}
             */
            interval: "DAY" | "MONTH";
            /**
             * Format: int64
             * @example 1
             */
            intervalCount: number;
            /**
             * Format: int64
             * @description The greatest number of payments.
             * @example 12
             */
            expiresAfter?: number;
            /**
             * @description The name of the caller’s credentials; empty without credentials.
             * @example shop
             */
            caller: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            updatedAt: string;
            /**
             * Format: int64
             * @description The number of status queries that the gateway made by itself.
             * @example 0
             */
            questions: number;
            /**
             * Format: date-time
             * @description When the external is queried next.
             */
            nextQuestionAt?: string;
            /**
             * Format: date-time
             * @description When reconciliation stopped without a final state: an operator must resolve it.
             */
            parkedAt?: string;
        };
        SubscriptionPage: {
            items: components["schemas"]["SubscriptionRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        MeRecord: {
            /**
             * @description The name of the credentials; `oidc:` and the subject for a token.
             * @example oidc:jane
             */
            name: string;
            /**
             * @description The scopes of `/admin`: `admin` is listed as the three that it includes.
             * @example [
             *       "admin-read",
             *       "admin-act"
             *     ]
             */
            scopes: string[];
            /**
             * @description `TRACE_URL_TEMPLATE`: the address of a trace, with `{traceId}` in it.
             * @example https://traces.internal/trace/{traceId}
             */
            traceUrlTemplate?: string;
        };
        RecoveringExternal: {
            /** @example acme */
            external: string;
            /**
             * @description True: it is queried about each order that the ledger does not know. False: such orders are refused with `recovering`.
             * @example true
             */
            queriedByOrder: boolean;
        };
        RecoveryStatus: {
            /**
             * @description False: the ledger was never restored, or the recovery has ended.
             * @example true
             */
            recovering: boolean;
            /**
             * @description `variable`: `RECOVERED_FROM` declares the restore; `backup`: the ledger is a copy that `tollgate backup` made; `file`: it is older than the file beside it says.
             * @example variable
             * @enum {string}
             */
            declaredBy?: "variable" | "backup" | "file";
            /**
             * Format: date-time
             * @description The time of the restored state, where it is known.
             * @example 2026-01-31T02:00:00.000Z
             */
            restoredFrom?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            startedAt?: string;
            /**
             * Format: date-time
             * @description From then on an order that neither ledger nor external knows is executed. Until then a request from before the restore may still reach the external.
             * @example 2026-01-31T12:00:10.000Z
             */
            executesAfter?: string;
            /**
             * Format: date-time
             * @description When an operator ended the recovery.
             */
            endedAt?: string;
            /**
             * Format: int64
             * @description Payments that were added to the ledger since the start because an external has them.
             * @example 187
             */
            adopted?: number;
            /**
             * Format: int64
             * @description Operations that were begun since the start.
             * @example 12
             */
            begun?: number;
            /**
             * Format: int64
             * @description Payments from before the start that reconciliation is still to query.
             * @example 3
             */
            open?: number;
            externals: components["schemas"]["RecoveringExternal"][];
        };
        RecoveryEndRequest: {
            /**
             * @description How it became known that the ledger is complete. Kept for ever, with the name of the credentials.
             * @example compared with acme’s settlement file of 31 January, ticket 4711
             */
            reason: string;
        };
        SearchHit: {
            /**
             * @description `act`: an entry of the audit.
             * @example payment
             * @enum {string}
             */
            kind: "payment" | "refund" | "subscription" | "operation" | "notification" | "callback" | "act";
            /**
             * @description The gateway’s own id.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            id: string;
            /**
             * @description The name that matched.
             * @example shopTransactionId
             * @enum {string}
             */
            matched: "id" | "paymentId" | "shopTransactionId" | "refundId" | "subscriptionToken" | "requestId" | "traceId";
            /**
             * @description The payment that it is, or is about.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            /**
             * @description The order of the payment or subscription that it is, or is about.
             * @example order-1001
             */
            shopTransactionId?: string;
            /** @example acme */
            external?: string;
            /** @example ACCEPTED */
            state?: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 1299
             */
            amount?: number;
            /** @example EUR */
            currency?: components["schemas"]["Currency"];
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
        };
        SearchResult: {
            /**
             * @description The names that were compared with the text.
             * @example [
             *       "id",
             *       "paymentId",
             *       "shopTransactionId",
             *       "refundId",
             *       "subscriptionToken",
             *       "requestId",
             *       "traceId"
             *     ]
             */
            searched: string[];
            /**
             * Format: date-time
             * @description Requests and traces have no index: those since this time were searched. Absent: all.
             * @example 2026-01-30T00:00:00.000Z
             */
            requestsSince?: string;
            /** @description At most 50, the newest first. */
            items: components["schemas"]["SearchHit"][];
        };
        AttentionCount: {
            /**
             * @example payment-unknown
             * @enum {string}
             */
            kind: "payment-unknown" | "payment-parked" | "payment-id-taken" | "order-paid-twice" | "canceled-payment-accepted" | "refund-stuck" | "refund-reversed" | "subscription-parked" | "subscription-token-taken" | "operation-unknown" | "notification-dead" | "callback-unconfirmed" | "circuit-open" | "credentials-refused";
            /**
             * Format: int64
             * @description At most 1000.
             * @example 3
             */
            items: number;
            /**
             * @description True: there are more than 1000.
             * @example false
             */
            more: boolean;
        };
        LastHourRecord: {
            /**
             * Format: int64
             * @description Calls that were sent.
             * @example 1240
             */
            calls: number;
            /**
             * @description The share of them that the external answered by the contract, refusals (4xx) included.
             * @example 0.995
             */
            successRate: number;
            /**
             * Format: int64
             * @description The duration in milliseconds that 95 % of them did not exceed, within a tenth.
             * @example 180
             */
            p95Ms: number;
        };
        ExternalSummary: {
            /** @example acme */
            external: string;
            /**
             * @description The circuit breaker.
             * @example closed
             * @enum {string}
             */
            circuit: "closed" | "open" | "half-open";
            /**
             * Format: date-time
             * @description When the circuit lets the next operation through. Absent: at once.
             * @example 2026-01-31T12:00:05.000Z
             */
            nextTryAt?: string;
            /**
             * Format: int64
             * @description Calls in flight.
             * @example 3
             */
            inFlight: number;
            /**
             * Format: int64
             * @description The maximum number of calls in flight.
             * @example 200
             */
            maxConcurrency: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            lastSuccessAt?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T11:40:10.000Z
             */
            lastFailureAt?: string;
            /**
             * @description The reason and what happened.
             * @example timeout: The external did not answer in time.
             */
            lastFailure?: string;
            /** @description Absent without a call in the last hour. */
            lastHour?: components["schemas"]["LastHourRecord"];
        };
        DeliverySummary: {
            /** @example payment-callback */
            receiver: string;
            /**
             * Format: int64
             * @description Notifications that wait for their next attempt.
             * @example 2
             */
            waiting: number;
            /**
             * Format: date-time
             * @description When the oldest of them was queued.
             */
            oldestWaitingSince?: string;
            /**
             * Format: int64
             * @description Notifications that have exhausted their attempts.
             * @example 0
             */
            dead: number;
        };
        TotalRecord: {
            /**
             * @description Absent for payments whose currency the gateway does not know.
             * @example EUR
             */
            currency?: components["schemas"]["Currency"];
            /**
             * @description The present state: of payments `PENDING`, `ACCEPTED`, `FAILED`, `UNKNOWN`; of refunds `PENDING`, `OK`, `KO`, `UNKNOWN`.
             * @example ACCEPTED
             */
            state: string;
            /**
             * Format: int64
             * @example 118
             */
            items: number;
            /**
             * Format: int64
             * @description The sum of their amounts in minor units; exact up to 2^53.
             * @example 153282
             */
            amount: number;
            /**
             * @description The same by step, oldest first.
             * @example [
             *       60,
             *       58
             *     ]
             */
            itemsByStep: number[];
            /**
             * @description The same by step, oldest first.
             * @example [
             *       80000,
             *       73282
             *     ]
             */
            amountByStep: number[];
        };
        PeriodSummary: {
            /**
             * Format: date-time
             * @description The beginning of the first step, a full hour of UTC.
             * @example 2026-01-30T13:00:00.000Z
             */
            from: string;
            /**
             * Format: int64
             * @description The length of a step in hours: 1 or 24. The last step is the present one.
             * @example 1
             */
            stepHours: number;
            /**
             * Format: int64
             * @description The number of steps.
             * @example 24
             */
            steps: number;
            payments: components["schemas"]["TotalRecord"][];
            refunds: components["schemas"]["TotalRecord"][];
        };
        Summary: {
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            at: string;
            /** @description Kinds with items alone. */
            attention: components["schemas"]["AttentionCount"][];
            /** @description The configured externals, by name. */
            externals: components["schemas"]["ExternalSummary"][];
            /** @description The configured receivers, and those with notifications left. */
            deliveries: components["schemas"]["DeliverySummary"][];
            /**
             * Format: date-time
             * @description When `last24Hours` and `last30Days` were counted: every ten seconds while something changes, and less often in busy hours. Absent before the first count.
             * @example 2026-01-31T11:59:55.000Z
             */
            countedAt?: string;
            last24Hours: components["schemas"]["PeriodSummary"];
            last30Days: components["schemas"]["PeriodSummary"];
        };
        StoryEntry: {
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            at: string;
            /**
             * @example payment-changed
             * @enum {string}
             */
            what: "payment-created" | "refund-reserved" | "operation-begun" | "callback-received" | "callback-repeated" | "operation-ended" | "payment-queried" | "refund-queried" | "payment-changed" | "refund-changed" | "payment-parked" | "refund-parked" | "callback-ended" | "notification-queued" | "notification-replayed" | "notification-attempted" | "notification-dead";
            /** @description The gateway’s own id of the item that changed. */
            id: string;
            /**
             * @description A description for a person.
             * @example CREATED → ACCEPTED, by call
             */
            text: string;
            /** @description As in every log line about this item. */
            requestId?: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
        };
        RefundRecord: {
            /**
             * @description The gateway’s own id.
             * @example ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21
             */
            id: string;
            /**
             * @description The gateway’s own id of the payment, where it knows it.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            /** @example acme */
            external: string;
            /**
             * @description The external’s id of the payment.
             * @example pm_7f3a
             */
            paymentId: string;
            /**
             * @example OK
             * @enum {string}
             */
            state: "PENDING" | "OK" | "KO" | "UNKNOWN";
            /**
             * @description As callers and receivers get it. The gateway’s own id and that of the external name the refund too.
             * @example re_5d10
             */
            refundId: string;
            /**
             * @description The external’s id, if it named one.
             * @example re_5d10
             */
            externalRefundId?: string;
            /**
             * @description Who ordered it.
             * @example call
             * @enum {string}
             */
            origin: "call" | "operator";
            /**
             * @description The refund has changed its end, and no operator has seen it yet: `OK`, then `KO`; or `KO`, then `OK`.
             * @enum {string}
             */
            reversal?: "sent-back" | "late-success";
            /**
             * Format: date-time
             * @description When the external is queried next.
             */
            nextQuestionAt?: string;
            /**
             * Format: date-time
             * @description Since when the external is no longer queried: an operator must resolve the refund.
             */
            parkedAt?: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 500
             */
            amount: number;
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The name of the caller’s credentials; empty without credentials.
             * @example shop
             */
            caller: string;
            /**
             * Format: date-time
             * @example 2026-02-01T09:30:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-02-01T09:30:00.120Z
             */
            updatedAt: string;
        };
        OperationRecord: {
            /**
             * @description The gateway’s own id.
             * @example op_0199f2a4-c7d0-7a02-b1c3-0f9e8d7c6b5a
             */
            id: string;
            /** @example acme */
            external: string;
            /** @example pay */
            operation: string;
            /**
             * @example completed
             * @enum {string}
             */
            state: "running" | "completed" | "rejected" | "not-executed" | "unknown";
            /**
             * @description Why it did not complete. Of a completed one: `operator`, who resolved it, or `inquiry`, if a repeat found its outcome.
             * @example timeout
             */
            reason?: string;
            /**
             * @description The name of the caller’s credentials; empty without credentials.
             * @example shop
             */
            caller: string;
            /** @description The key that the external received: the caller’s, or one that the gateway generated. */
            idempotencyKey: string;
            /** @description As in every log line of the request. */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            finishedAt?: string;
            /**
             * Format: int64
             * @description The status of the answer to the caller.
             * @example 200
             */
            answerStatus?: number;
            /** @description The answer to the caller, while it is kept for repeats with the same `Idempotency-Key`. */
            answer?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @description The payment that the operation is about, `pay_…`. */
            payment?: string;
            /** @description The refund that the operation is about, `ref_…`. */
            refund?: string;
            /** @description The subscription that the operation is about, `sub_…`. */
            subscription?: string;
        };
        EventRecord: {
            /** @example evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60 */
            id: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            at: string;
            /**
             * @example call
             * @enum {string}
             */
            source: "call" | "callback" | "check" | "reconciliation" | "operator";
            /** @example CREATED */
            before: string;
            /** @example ACCEPTED */
            after: string;
            /** @description The cause: an id, or an operator’s name and reason. */
            cause?: string;
            /** @description The refund that changed; absent for a change of the payment. */
            refund?: string;
            /** @description The subscription that changed. */
            subscription?: string;
        };
        ReplayRecord: {
            /**
             * Format: date-time
             * @example 2026-02-01T08:00:00.000Z
             */
            at: string;
            /**
             * @description The name of the operator’s credentials; empty without credentials.
             * @example on-call
             */
            requestedBy: string;
        };
        NotificationHistory: {
            /**
             * @description The `webhook-id`.
             * @example ntf_0199f2a5-04b2-7f10-9d2e-3f4a5b6c7d8e
             */
            id: string;
            /**
             * @description The receiver: `payment-callback` is that of `PAYMENT_CALLBACK_URL`.
             * @example payment-callback
             */
            receiver: string;
            /**
             * @description `X-Tollgate-Event`.
             * @example payment
             * @enum {string}
             */
            event: "payment" | "refund" | "subscription";
            /**
             * @description The payment that it reports, `pay_…`.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            payment?: string;
            /** @description The refund that it reports, `ref_…`. */
            refund?: string;
            /** @description The subscription that it reports, `sub_…`. */
            subscription?: string;
            /** @example acme */
            external: string;
            /**
             * @example DELIVERED
             * @enum {string}
             */
            state: "PENDING" | "LEASED" | "RETRY" | "DELIVERED" | "DEAD" | "SUPERSEDED";
            /**
             * Format: int64
             * @description `X-Payment-Version`.
             * @example 1
             */
            version: number;
            /** @description The body. */
            payload: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @description The number of attempts since it was queued or last replayed.
             * @example 2
             */
            attempts: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:00.080Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:05.300Z
             */
            updatedAt: string;
            /**
             * Format: date-time
             * @description When the next attempt is made.
             */
            nextAttemptAt?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:01:05.300Z
             */
            deliveredAt?: string;
            /** @description As in every log line about this item. */
            requestId: string;
            /** @example 4bf92f3577b34da6a3ce929d0e0e4736 */
            traceId?: string;
            deliveries: components["schemas"]["AttemptRecord"][];
            replays: components["schemas"]["ReplayRecord"][];
        };
        PaymentDetail: {
            /**
             * @description The gateway’s own id.
             * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
             */
            id: string;
            /** @example acme */
            external: string;
            /**
             * @example ACCEPTED
             * @enum {string}
             */
            state: "CREATED" | "PENDING" | "ACCEPTED" | "FAILED" | "UNKNOWN";
            /**
             * @description The operation that created it. `learned`: a callback or a check named a payment that the gateway did not know.
             * @example pay
             * @enum {string}
             */
            origin: "pay" | "pay-by-link" | "subscription" | "learned";
            /**
             * @description The external’s id, once known.
             * @example pm_7f3a
             */
            paymentId?: string;
            /** @example order-1001 */
            shopTransactionId?: string;
            /** @example sub_91c2 */
            subscriptionToken?: string;
            /**
             * Format: int64
             * @description In minor units. Absent where the gateway did not create the payment.
             * @example 1299
             */
            amount?: number;
            /** @example EUR */
            currency?: components["schemas"]["Currency"];
            /**
             * Format: int64
             * @description The sum of completed and reserved refunds, in minor units.
             * @example 0
             */
            refundedAmount: number;
            /**
             * @description The name of the caller’s credentials.
             * @example shop
             */
            caller?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.150Z
             */
            updatedAt: string;
            /**
             * Format: int64
             * @description The number of status queries that the gateway made by itself.
             * @example 0
             */
            questions: number;
            /**
             * Format: date-time
             * @description When the external is queried next.
             */
            nextQuestionAt?: string;
            /**
             * Format: date-time
             * @description When reconciliation stopped without a final state: an operator must resolve it.
             */
            parkedAt?: string;
            /**
             * Format: date-time
             * @description When the external answered OK to a cancellation.
             */
            canceledAt?: string;
            /**
             * @description The trace id of the request that created it.
             * @example 4bf92f3577b34da6a3ce929d0e0e4736
             */
            traceId?: string;
            /** @description The history, in time order. */
            story: components["schemas"]["StoryEntry"][];
            refunds: components["schemas"]["RefundRecord"][];
            operations: components["schemas"]["OperationRecord"][];
            /** @description Every change of the payment and its refunds. */
            events: components["schemas"]["EventRecord"][];
            callbacks: components["schemas"]["CallbackRecord"][];
            notifications: components["schemas"]["NotificationHistory"][];
            /** @description The status queries that the external got about the payment and its refunds. */
            queries: components["schemas"]["QueryRecord"][];
            /** @description The lists that are cut to their newest 500 items. */
            truncated: string[];
        };
        PaymentRefundRequest: {
            /**
             * Format: int64
             * @description In minor units. Default: all that is not refunded yet.
             * @example 500
             */
            amount?: number | null;
            /**
             * @description Needed only for a payment whose currency the gateway does not know.
             * @example EUR
             */
            currency?: components["schemas"]["Currency"] | null;
            /**
             * Format: int64
             * @description The `refundedAmount` that you saw, in minor units. If refunds take another amount by now, nothing is refunded, and the answer is `conflict`: of two operators who refund parts at once, the second decides anew.
             * @example 0
             */
            expectedRefundedAmount?: number | null;
            /**
             * @description Why the payment is refunded. Kept for ever, with the name of the credentials.
             * @example Paid twice, ticket 4711
             */
            reason: string;
            /**
             * @description Data for the external, passed through. Never stored, never logged.
             * @example {
             *       "scenario": "ok"
             *     }
             */
            providerData?: {
                [key: string]: unknown;
            } | null;
        };
        PaymentCancelRequest: {
            /**
             * @description Why the payment is cancelled. Kept for ever, with the name of the credentials.
             * @example The customer gave up, ticket 4711
             */
            reason: string;
        };
        RefundPage: {
            items: components["schemas"]["RefundRecord"][];
            /** @description The cursor of the next page; `null` on the last. A page may be short, even empty, before the last. */
            nextCursor: string | null;
        };
        PaymentResolutionRequest: {
            /**
             * @example ACCEPTED
             * @enum {string}
             */
            status: "ACCEPTED" | "FAILED";
            /**
             * @description How the outcome became known. Kept for ever, with the name of the credentials.
             * @example acme’s support confirmed it by phone, ticket 4711
             */
            reason: string;
            /**
             * @description The external’s id. Required with `ACCEPTED` if the gateway does not know it; `null` if it is unknown: the payment then cannot be refunded.
             * @example pm_7f3a
             */
            paymentId?: string | null;
            /**
             * @description The event of the resolution that this one corrects, as the `conflict` names it. Refused if the external has answered otherwise since.
             * @example evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60
             */
            corrects?: string | null;
        };
        RefundResolutionRequest: {
            /**
             * @description `KO` releases the reserved amount.
             * @example OK
             * @enum {string}
             */
            status: "OK" | "KO";
            /**
             * @description How the outcome became known. Kept for ever, with the name of the credentials.
             * @example acme’s support confirmed it by phone, ticket 4711
             */
            reason: string;
            /**
             * @description The event of the resolution that this one corrects, as the `conflict` names it. Refused if the external has answered otherwise since.
             * @example evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60
             */
            corrects?: string | null;
        };
        SubscriptionResolutionRequest: {
            /**
             * @description `FAILED`: the subscription was never created.
             * @example ACTIVE
             * @enum {string}
             */
            status: "ACTIVE" | "PAST_DUE" | "EXPIRED" | "CANCELED" | "FAILED";
            /**
             * @description How the outcome became known. Kept for ever, with the name of the credentials.
             * @example acme’s support confirmed it by phone, ticket 4711
             */
            reason: string;
            /**
             * @description The external’s token, where the gateway does not know it.
             * @example sub_91c2
             */
            subscriptionToken?: string | null;
            /**
             * @description The event of the resolution that this one corrects, as the `conflict` names it. Refused if the external has changed the subscription since.
             * @example evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60
             */
            corrects?: string | null;
        };
        OperationResolutionRequest: {
            /**
             * @description `not-executed` releases its `Idempotency-Key`.
             * @example executed
             * @enum {string}
             */
            outcome: "executed" | "not-executed";
            /**
             * @description How the outcome became known. Kept for ever, with the name of the credentials.
             * @example acme’s support confirmed it by phone, ticket 4711
             */
            reason: string;
            /**
             * @description The event of the resolution that this one corrects, as the `conflict` names it. `executed` is refused if the `Idempotency-Key` was used again.
             * @example evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60
             */
            corrects?: string | null;
        };
        ErasureRequest: {
            /**
             * @description One payment.
             * @example pm_7f3a
             */
            paymentId?: string | null;
            /**
             * @description All payments of an order.
             * @example order-1001
             */
            shopTransactionId?: string | null;
            /**
             * @description A subscription and all its payments.
             * @example sub_91c2
             */
            subscriptionToken?: string | null;
            /**
             * @description Required where several externals know the id.
             * @example acme
             */
            external?: string | null;
            /**
             * @description Why. Kept for ever, with the name of the credentials: do not name the person.
             * @example Request of 3 February, ticket 4711
             */
            reason: string;
        };
        ErasureRecord: {
            /**
             * @description The gateway’s ids of the payments, refunds and subscriptions without texts now.
             * @example [
             *       "pay_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60"
             *     ]
             */
            subjects: string[];
            /**
             * Format: int64
             * @description Rows that lost texts: 0 if all of it was erased before.
             * @example 4
             */
            rows: number;
        };
        PaymentNotification: {
            /**
             * @example ACCEPTED
             * @enum {string}
             */
            status: "ACCEPTED" | "FAILED" | "PENDING";
            /**
             * @description Absent where the payment was never executed, or its id is not known: go by `shopTransactionId`.
             * @example pm_7f3a
             */
            paymentId?: string;
            /**
             * @description Absent only where neither the external nor the gateway knows it.
             * @example order-1001
             */
            shopTransactionId?: string;
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /** @description Data of the external; what repeats `providerData` is masked. */
            action?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Grows with each notification of a payment: ignore a notification with a lower version than the last one.
             * @example 3
             */
            version: number;
        };
        RefundNotification: {
            /**
             * @description An accepted refund can still fail: a bank sends it back.
             * @example ACCEPTED
             * @enum {string}
             */
            status: "ACCEPTED" | "FAILED" | "PENDING";
            /**
             * @description Never changes.
             * @example re_5d10
             */
            refundId: string;
            /** @example pm_7f3a */
            paymentId: string;
            /**
             * @description Of the payment. Absent only where neither the external nor the gateway knows it.
             * @example order-1001
             */
            shopTransactionId?: string;
            /**
             * Format: int64
             * @description In minor units.
             * @example 500
             */
            amount: number;
            /** @example EUR */
            currency: components["schemas"]["Currency"];
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Grows with each notification of a refund: ignore a notification with a lower version than the last one.
             * @example 1
             */
            version: number;
        };
        SubscriptionNotification: {
            /**
             * @description `UNKNOWN` only from an external with `compatibility`.
             * @example ACTIVE
             * @enum {string}
             */
            status: "PENDING" | "ACTIVE" | "PAST_DUE" | "EXPIRED" | "CANCELED" | "UNKNOWN";
            /** @example sub_91c2 */
            subscriptionToken: string;
            /**
             * @description The `{external}` name.
             * @example simulator
             */
            providerName: string;
            /** @description Data of the external; what repeats `providerData` is masked. */
            metadata?: {
                [key: string]: unknown;
            } | unknown[] | string | number | boolean;
            /**
             * @description Grows with each notification of a subscription: ignore a notification with a lower version than the last one.
             * @example 1
             */
            version: number;
        };
        /** @description A problem document (RFC 9457). Programs decide by `code`, and by `outcome` whether a retry is safe. */
        Problem: {
            /**
             * Format: uri-reference
             * @description The page that explains the code.
             */
            type: string;
            /** @description The code in words. */
            title: string;
            status: number;
            /** @description A sentence about this occurrence, for a person. */
            detail: string;
            /**
             * Format: uri-reference
             * @description The path of the request.
             */
            instance: string;
            /** @enum {string} */
            code: "validation-failed" | "unauthenticated" | "forbidden" | "not-found" | "external-not-found" | "payment-not-found" | "refund-not-found" | "subscription-not-found" | "method-not-allowed" | "request-timeout" | "idempotency-conflict" | "duplicate-payment" | "payment-not-pending" | "repeated-without-key" | "conflict" | "payload-too-large" | "uri-too-long" | "unsupported-media-type" | "idempotency-key-reused" | "refund-exceeds-payment" | "provider-rejected" | "rate-limited" | "headers-too-large" | "internal-error" | "operation-not-supported" | "provider-error" | "invalid-provider-response" | "provider-unavailable" | "overloaded" | "recovering" | "shutting-down" | "authentication-unavailable" | "storage-unavailable" | "provider-timeout";
            /** @description The value of `X-Request-Id`; every log line has it. */
            requestId: string;
            /**
             * @description For an operation that moves money or changes a subscription. `not-executed`: a retry is safe. `unknown`: the operation may have been executed; query its status (`/status` takes the `shopTransactionId` too), wait for the notification, or repeat with the same `Idempotency-Key`.
             * @enum {string}
             */
            outcome?: "not-executed" | "unknown";
            /** @description With `validation-failed`: each violation of the contract. */
            errors?: components["schemas"]["FieldError"][];
            /** @description With `duplicate-payment`: the existing payment. With `payment-not-pending`: the payment. With `repeated-without-key`: the payment of the first request, once it is known. */
            paymentId?: string;
            /** @description With the `outcome` `unknown` of a refund: its id. With `repeated-without-key`: the refund of the first request. */
            refundId?: string;
            /**
             * @description With `duplicate-payment`: the state of the existing payment. With `payment-not-pending`: the state of the payment.
             * @enum {string}
             */
            paymentStatus?: "PENDING" | "ACCEPTED" | "FAILED" | "UNKNOWN";
            /** @description With `conflict`, if operators have resolved the item: the event of the last resolution. A correction names it in `corrects`. */
            resolution?: string;
            /**
             * Format: uri
             * @description With `duplicate-payment`, for the caller that made the existing payment while it is PENDING: where its payer was sent.
             */
            redirectToUrl?: string;
            /**
             * Format: uri
             * @description With `duplicate-payment`, for the caller that made the existing payment while it is PENDING: where its payer was sent.
             */
            redirectToUrlMobile?: string;
            /**
             * Format: uri
             * @description With `duplicate-payment`, for the caller that made the existing payment while it is PENDING: where its payer was sent.
             */
            link?: string;
        };
        /** @description A problem of an operation that moves money or changes a subscription: it always has an `outcome`. */
        ProblemWithOutcome: components["schemas"]["Problem"] & {
            /** @enum {string} */
            outcome: "not-executed" | "unknown";
        };
        FieldError: {
            /**
             * @description A JSON pointer (RFC 6901) into the body, or `/query/…`, `/path/…`, `/headers/…`.
             * @example /amount
             */
            pointer: string;
            /** @example must be an integer from 1 to 999,999,999,999 (minor units) */
            detail: string;
        };
    };
    responses: {
        /**
         * @description Errors that any HTTP request can cause.
         *
         *     | `code` | when |
         *     | --- | --- |
         *     | `method-not-allowed` | The path does not support this method |
         *     | `request-timeout` | The request did not arrive in time |
         *     | `uri-too-long` | The path or the query is too long |
         *     | `headers-too-large` | The headers are too large |
         *     | `internal-error` | Internal error |
         */
        any: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 405 | 408 | 414 | 431 | 500;
                    /** @enum {string} */
                    code: "method-not-allowed" | "request-timeout" | "uri-too-long" | "headers-too-large" | "internal-error";
                };
            };
        };
        /**
         * @description Errors that any HTTP request can cause.
         *
         *     | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `method-not-allowed` | The path does not support this method | `not-executed` |
         *     | `request-timeout` | The request did not arrive in time | `not-executed` |
         *     | `uri-too-long` | The path or the query is too long | `not-executed` |
         *     | `headers-too-large` | The headers are too large | `not-executed` |
         *     | `internal-error` | Internal error | `unknown` |
         */
        "any.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 405 | 408 | 414 | 431 | 500;
                    /** @enum {string} */
                    code: "method-not-allowed" | "request-timeout" | "uri-too-long" | "headers-too-large" | "internal-error";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `authentication-unavailable` | The credentials cannot be verified now |
         */
        "authentication-unavailable": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 503;
                    /** @enum {string} */
                    code: "authentication-unavailable";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `conflict` | The current state does not allow this |
         */
        conflict: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "conflict";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `external-not-found` | No such external |
         */
        "external-not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `external-not-found` | No such external | `not-executed` |
         */
        "external-not-found.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `external-not-found` | No such external |
         *     | `payment-not-found` | The external does not know this payment |
         */
        "external-not-found.payment-not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found" | "payment-not-found";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `external-not-found` | No such external | `not-executed` |
         *     | `payment-not-found` | The external does not know this payment | `not-executed` |
         */
        "external-not-found.payment-not-found.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found" | "payment-not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `external-not-found` | No such external |
         *     | `refund-not-found` | The refund is not known |
         */
        "external-not-found.refund-not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found" | "refund-not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `external-not-found` | No such external |
         *     | `subscription-not-found` | The external does not know this subscription |
         */
        "external-not-found.subscription-not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found" | "subscription-not-found";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `external-not-found` | No such external | `not-executed` |
         *     | `subscription-not-found` | The external does not know this subscription | `not-executed` |
         */
        "external-not-found.subscription-not-found.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "external-not-found" | "subscription-not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `forbidden` | The credentials do not allow this request |
         */
        forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 403;
                    /** @enum {string} */
                    code: "forbidden";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `forbidden` | The credentials do not allow this request | `not-executed` |
         */
        "forbidden.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 403;
                    /** @enum {string} */
                    code: "forbidden";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-conflict` | The first request with this key is still running | `unknown` |
         *     | `duplicate-payment` | This shopTransactionId already has a payment | `not-executed`, `unknown` |
         *     | `repeated-without-key` | An identical request without an Idempotency-Key came before | `unknown` |
         */
        "idempotency-conflict.duplicate-payment.repeated-without-key.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "idempotency-conflict" | "duplicate-payment" | "repeated-without-key";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-conflict` | The first request with this key is still running | `unknown` |
         *     | `payment-not-pending` | The payment is not pending | `not-executed` |
         *     | `repeated-without-key` | An identical request without an Idempotency-Key came before | `unknown` |
         *     | `conflict` | The current state does not allow this | `not-executed` |
         */
        "idempotency-conflict.payment-not-pending.repeated-without-key.conflict.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "idempotency-conflict" | "payment-not-pending" | "repeated-without-key" | "conflict";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-conflict` | The first request with this key is still running | `unknown` |
         *     | `payment-not-pending` | The payment is not pending | `not-executed` |
         *     | `repeated-without-key` | An identical request without an Idempotency-Key came before | `unknown` |
         */
        "idempotency-conflict.payment-not-pending.repeated-without-key.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "idempotency-conflict" | "payment-not-pending" | "repeated-without-key";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-conflict` | The first request with this key is still running | `unknown` |
         *     | `repeated-without-key` | An identical request without an Idempotency-Key came before | `unknown` |
         *     | `conflict` | The current state does not allow this | `not-executed` |
         */
        "idempotency-conflict.repeated-without-key.conflict.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "idempotency-conflict" | "repeated-without-key" | "conflict";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-conflict` | The first request with this key is still running | `unknown` |
         *     | `repeated-without-key` | An identical request without an Idempotency-Key came before | `unknown` |
         */
        "idempotency-conflict.repeated-without-key.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 409;
                    /** @enum {string} */
                    code: "idempotency-conflict" | "repeated-without-key";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-key-reused` | This key was used for another request | `not-executed` |
         *     | `provider-rejected` | The external rejected the request | `not-executed` |
         */
        "idempotency-key-reused.provider-rejected.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 422;
                    /** @enum {string} */
                    code: "idempotency-key-reused" | "provider-rejected";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `idempotency-key-reused` | This key was used for another request | `not-executed` |
         *     | `refund-exceeds-payment` | The payment does not cover this refund | `not-executed` |
         *     | `provider-rejected` | The external rejected the request | `not-executed` |
         */
        "idempotency-key-reused.refund-exceeds-payment.provider-rejected.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 422;
                    /** @enum {string} */
                    code: "idempotency-key-reused" | "refund-exceeds-payment" | "provider-rejected";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `method-not-allowed` | The path does not support this method | `not-executed` |
         */
        "method-not-allowed.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 405;
                    /** @enum {string} */
                    code: "method-not-allowed";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `not-found` | No such resource |
         */
        "not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `not-found` | No such resource |
         *     | `payment-not-found` | The external does not know this payment |
         */
        "not-found.payment-not-found": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "not-found" | "payment-not-found";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `not-found` | No such resource | `not-executed` |
         *     | `payment-not-found` | The external does not know this payment | `not-executed` |
         */
        "not-found.payment-not-found.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 404;
                    /** @enum {string} */
                    code: "not-found" | "payment-not-found";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `operation-not-supported` | The external does not offer this operation |
         */
        "operation-not-supported": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 501;
                    /** @enum {string} */
                    code: "operation-not-supported";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `operation-not-supported` | The external does not offer this operation | `not-executed` |
         */
        "operation-not-supported.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 501;
                    /** @enum {string} */
                    code: "operation-not-supported";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `overloaded` | The gateway has too many requests |
         *     | `shutting-down` | The gateway is shutting down |
         *     | `authentication-unavailable` | The credentials cannot be verified now |
         *     | `storage-unavailable` | The database is unavailable |
         */
        "overloaded.shutting-down.authentication-unavailable.storage-unavailable": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 503;
                    /** @enum {string} */
                    code: "overloaded" | "shutting-down" | "authentication-unavailable" | "storage-unavailable";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `overloaded` | The gateway has too many requests |
         *     | `shutting-down` | The gateway is shutting down |
         *     | `storage-unavailable` | The database is unavailable |
         */
        "overloaded.shutting-down.storage-unavailable": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 503;
                    /** @enum {string} */
                    code: "overloaded" | "shutting-down" | "storage-unavailable";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `payload-too-large` | The body is too large |
         */
        "payload-too-large": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 413;
                    /** @enum {string} */
                    code: "payload-too-large";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `payload-too-large` | The body is too large | `not-executed` |
         */
        "payload-too-large.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 413;
                    /** @enum {string} */
                    code: "payload-too-large";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `provider-error` | The external failed |
         *     | `invalid-provider-response` | The answer of the external violates the contract |
         */
        "provider-error.invalid-provider-response": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 502;
                    /** @enum {string} */
                    code: "provider-error" | "invalid-provider-response";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `provider-error` | The external failed | `unknown`, `not-executed` |
         *     | `invalid-provider-response` | The answer of the external violates the contract | `unknown` |
         */
        "provider-error.invalid-provider-response.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 502;
                    /** @enum {string} */
                    code: "provider-error" | "invalid-provider-response";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `provider-rejected` | The external rejected the request |
         */
        "provider-rejected": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 422;
                    /** @enum {string} */
                    code: "provider-rejected";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `provider-timeout` | The external did not answer in time |
         */
        "provider-timeout": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 504;
                    /** @enum {string} */
                    code: "provider-timeout";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `provider-timeout` | The external did not answer in time | `unknown` |
         */
        "provider-timeout.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 504;
                    /** @enum {string} */
                    code: "provider-timeout";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `provider-unavailable` | The external cannot be called now | `not-executed` |
         *     | `overloaded` | The gateway has too many requests | `not-executed` |
         *     | `recovering` | The ledger is recovering | `not-executed` |
         *     | `shutting-down` | The gateway is shutting down | `unknown`, `not-executed` |
         *     | `authentication-unavailable` | The credentials cannot be verified now | `not-executed` |
         *     | `storage-unavailable` | The database is unavailable | `unknown`, `not-executed` |
         */
        "provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 503;
                    /** @enum {string} */
                    code: "provider-unavailable" | "overloaded" | "recovering" | "shutting-down" | "authentication-unavailable" | "storage-unavailable";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `provider-unavailable` | The external cannot be called now |
         *     | `overloaded` | The gateway has too many requests |
         *     | `shutting-down` | The gateway is shutting down |
         *     | `authentication-unavailable` | The credentials cannot be verified now |
         *     | `storage-unavailable` | The database is unavailable |
         */
        "provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 503;
                    /** @enum {string} */
                    code: "provider-unavailable" | "overloaded" | "shutting-down" | "authentication-unavailable" | "storage-unavailable";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `rate-limited` | Too many requests |
         */
        "rate-limited": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 429;
                    /** @enum {string} */
                    code: "rate-limited";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `rate-limited` | Too many requests | `not-executed` |
         */
        "rate-limited.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 429;
                    /** @enum {string} */
                    code: "rate-limited";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `unauthenticated` | No valid credentials |
         */
        unauthenticated: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 401;
                    /** @enum {string} */
                    code: "unauthenticated";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `unauthenticated` | No valid credentials | `not-executed` |
         */
        "unauthenticated.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 401;
                    /** @enum {string} */
                    code: "unauthenticated";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `unsupported-media-type` | The body must be application/json |
         */
        "unsupported-media-type": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 415;
                    /** @enum {string} */
                    code: "unsupported-media-type";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `unsupported-media-type` | The body must be application/json | `not-executed` |
         */
        "unsupported-media-type.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 415;
                    /** @enum {string} */
                    code: "unsupported-media-type";
                };
            };
        };
        /**
         * @description | `code` | when |
         *     | --- | --- |
         *     | `validation-failed` | The request violates the contract |
         */
        "validation-failed": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {integer} */
                    status: 400;
                    /** @enum {string} */
                    code: "validation-failed";
                };
            };
        };
        /**
         * @description | `code` | when | `outcome` |
         *     | --- | --- | --- |
         *     | `validation-failed` | The request violates the contract | `not-executed` |
         */
        "validation-failed.outcome": {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemWithOutcome"] & {
                    /** @enum {integer} */
                    status: 400;
                    /** @enum {string} */
                    code: "validation-failed";
                };
            };
        };
    };
    parameters: {
        /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
        IdempotencyKey: string;
        /**
         * @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Use a new key for each request.
         * @example refund-4711
         */
        RequiredIdempotencyKey: string;
        /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
        RequestId: string;
        /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
        Traceparent: string;
    };
    requestBodies: never;
    headers: {
        /**
         * @description The `X-Request-Id` of the request, or a generated one. Every log line has it.
         * @example req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
         */
        RequestId: string;
        /** @description `true` if this is the stored answer to an earlier request with the same `Idempotency-Key`. */
        IdempotencyReplayed: "true";
        /**
         * @description The number of seconds to wait before a retry.
         * @example 5
         */
        RetryAfter: number;
        /**
         * @description With 405: the methods that the path supports.
         * @example POST
         */
        Allow: string;
        /**
         * @description How to authenticate, or which scope is missing (RFC 6750).
         * @example Bearer realm="tollgate"
         */
        WwwAuthenticate: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process is alive */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ok" | "degraded" | "error" | "shutting_down";
                        /** @description The components that are up or degraded. */
                        info?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                        /** @description The components that are down. */
                        error?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                        /** @description All components. */
                        details?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                    };
                };
            };
            401: components["responses"]["unauthenticated"];
            503: components["responses"]["authentication-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service is ready */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ok" | "degraded" | "error" | "shutting_down";
                        /** @description The components that are up or degraded. */
                        info?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                        /** @description The components that are down. */
                        error?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                        /** @description All components. */
                        details?: {
                            [key: string]: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            } & {
                                [key: string]: unknown;
                            };
                        };
                    };
                };
            };
            401: components["responses"]["unauthenticated"];
            503: components["responses"]["authentication-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            401: components["responses"]["unauthenticated"];
            503: components["responses"]["authentication-unavailable"];
            default: components["responses"]["any"];
        };
    };
    pay: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PayRequest"];
            };
        };
        responses: {
            /** @description The payment was executed or declined, or waits for the payer or the external */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.duplicate-payment.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    payByLink: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PayRequest"];
            };
        };
        responses: {
            /** @description The payment link, or the reason why there is none */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayByLinkAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.duplicate-payment.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    getPaymentStatus: {
        parameters: {
            query?: {
                /**
                 * @description The id of the payment, from the answer of `/pay`.
                 * @example pm_7f3a
                 */
                paymentId?: string;
                /** @description The shop’s id of the order, where its `paymentId` is not known. Exactly one of `paymentId` and `shopTransactionId` is required. */
                shopTransactionId?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status of the payment */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found.payment-not-found"];
            422: components["responses"]["provider-rejected"];
            429: components["responses"]["rate-limited"];
            501: components["responses"]["operation-not-supported"];
            502: components["responses"]["provider-error.invalid-provider-response"];
            503: components["responses"]["provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            504: components["responses"]["provider-timeout"];
            default: components["responses"]["any"];
        };
    };
    checkPayment: {
        parameters: {
            query?: {
                /**
                 * @description The id of the payment, from the answer of `/pay`.
                 * @example pm_7f3a
                 */
                paymentId?: string;
                /** @description The shop’s id of the order, where its `paymentId` is not known. Exactly one of `paymentId` and `shopTransactionId` is required. */
                shopTransactionId?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status of the payment */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found.payment-not-found"];
            422: components["responses"]["provider-rejected"];
            429: components["responses"]["rate-limited"];
            501: components["responses"]["operation-not-supported"];
            502: components["responses"]["provider-error.invalid-provider-response"];
            503: components["responses"]["provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            504: components["responses"]["provider-timeout"];
            default: components["responses"]["any"];
        };
    };
    refund: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundRequest"];
            };
        };
        responses: {
            /** @description The refund was executed or declined, or is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundResult"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.payment-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.refund-exceeds-payment.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    getRefundStatus: {
        parameters: {
            query: {
                /**
                 * @description The id of the refund, from the answer of `/refund` or the problem of an `unknown` one.
                 * @example re_5d10
                 */
                refundId: string;
                /** @description The payment of the refund, if you want it checked. */
                paymentId?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status of the refund */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found.refund-not-found"];
            422: components["responses"]["provider-rejected"];
            429: components["responses"]["rate-limited"];
            501: components["responses"]["operation-not-supported"];
            502: components["responses"]["provider-error.invalid-provider-response"];
            503: components["responses"]["provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            504: components["responses"]["provider-timeout"];
            default: components["responses"]["any"];
        };
    };
    scheduleSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionStartRequest"];
            };
        };
        responses: {
            /** @description The payment was executed or declined, or waits for the payer or the external */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPayAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.duplicate-payment.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    startSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionStartRequest"];
            };
        };
        responses: {
            /** @description The payment was executed or declined, or waits for the payer or the external */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPayAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.duplicate-payment.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    paySubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionPayRequest"];
            };
        };
        responses: {
            /** @description The payment was executed or declined, or waits for the payer or the external */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionChargeAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.subscription-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.duplicate-payment.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    updateSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
                /**
                 * @description The token of the subscription, from the answer of `schedule` or `start`.
                 * @example sub_91c2
                 */
                subscriptionToken: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionUpdateRequest"];
            };
        };
        responses: {
            /** @description The change was executed or declined, or is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionUpdateAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.subscription-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    getSubscriptionStatus: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
                /**
                 * @description The token of the subscription, from the answer of `schedule` or `start`.
                 * @example sub_91c2
                 */
                subscriptionToken: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status of the subscription */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found.subscription-not-found"];
            422: components["responses"]["provider-rejected"];
            429: components["responses"]["rate-limited"];
            501: components["responses"]["operation-not-supported"];
            502: components["responses"]["provider-error.invalid-provider-response"];
            503: components["responses"]["provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            504: components["responses"]["provider-timeout"];
            default: components["responses"]["any"];
        };
    };
    receiveCallback: {
        parameters: {
            query?: {
                /**
                 * @description The id of the payment, from the answer of `/pay`.
                 * @example pm_7f3a
                 */
                paymentId?: string;
                /** @description The id of the refund, from the answer of `/refund` or the problem of an `unknown` one. */
                refundId?: string;
                /** @description The token of the subscription, from the answer of schedule or start. */
                subscriptionToken?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The callback was stored */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackAcknowledgement"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    receiveCallbackWithBody: {
        parameters: {
            query?: {
                /** @description The id of the payment, from the answer of `/pay`. */
                paymentId?: string;
                /** @description The id of the refund, from the answer of `/refund` or the problem of an `unknown` one. */
                refundId?: string;
                /** @description The token of the subscription, from the answer of schedule or start. */
                subscriptionToken?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Callback"];
                "application/x-www-form-urlencoded": components["schemas"]["Callback"];
            };
        };
        responses: {
            /** @description The callback was stored */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackAcknowledgement"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["external-not-found"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getFeed: {
        parameters: {
            query?: {
                /** @description The `nextCursor` of the answer before. Without: from the first change on. */
                after?: string;
                /** @description Comma-separated: `payment`, `refund`, `subscription`. Default: all. */
                types?: string;
                /** @description The number of changes. Default 100. */
                limit?: number;
                /** @description Seconds to wait for a change if there is none (long polling). Default 0. */
                wait?: number;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FeedPage"];
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listAttention: {
        parameters: {
            query?: {
                /** @description Items of this kind. */
                kind?: "payment-unknown" | "payment-parked" | "payment-id-taken" | "order-paid-twice" | "canceled-payment-accepted" | "refund-stuck" | "refund-reversed" | "subscription-parked" | "subscription-token-taken" | "operation-unknown" | "notification-dead" | "callback-unconfirmed" | "circuit-open" | "credentials-refused";
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttentionPage"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Acts with these credentials. */
                operator?: string;
                /** @description Acts of this `operationId`. */
                action?: string;
                /** @description Acts with this result. */
                result?: "begun" | "done" | "failed" | "unknown" | "refused";
                /** @description Acts on this item. */
                subject?: string;
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listCallbacks: {
        parameters: {
            query?: {
                /** @description Callbacks in this state. */
                state?: "PENDING" | "LEASED" | "VERIFIED" | "UNCONFIRMED";
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Callbacks that name the payment with this `paymentId`. */
                paymentId?: string;
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listExternals: {
        parameters: {
            query?: {
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExternalPage"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                /** @description Notifications in this state. */
                state?: "PENDING" | "LEASED" | "RETRY" | "DELIVERED" | "DEAD" | "SUPERSEDED";
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Notifications about this payment. */
                payment?: string;
                /** @description Notifications about this refund. */
                refund?: string;
                /** @description Notifications about this subscription. */
                subscription?: string;
                /** @description The name of a receiver, also of one that is no longer configured. */
                receiver?: string;
                /** @description Notifications of this event. */
                event?: "payment" | "refund" | "subscription";
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listOperations: {
        parameters: {
            query?: {
                /** @description Operations that may have been executed: the only value, and the default. */
                outcome?: "unknown";
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listPayments: {
        parameters: {
            query?: {
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Payments in this state. */
                state?: "CREATED" | "PENDING" | "ACCEPTED" | "FAILED" | "UNKNOWN";
                /** @description The payment with this id of the external. */
                paymentId?: string;
                /** @description Payments with this id of the shop, or with one that looks the same. */
                shopTransactionId?: string;
                /** @description Payments of this subscription. */
                subscriptionToken?: string;
                /** @description Payments in this currency. */
                currency?: "AED" | "AFN" | "ALL" | "AMD" | "ANG" | "AOA" | "ARS" | "AUD" | "AWG" | "AZN" | "BAM" | "BBD" | "BDT" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOV" | "BRL" | "BSD" | "BTN" | "BWP" | "BYN" | "BZD" | "CAD" | "CDF" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNY" | "COP" | "COU" | "CRC" | "CUP" | "CVE" | "CZK" | "DJF" | "DKK" | "DOP" | "DZD" | "EGP" | "ERN" | "ETB" | "EUR" | "FJD" | "FKP" | "GBP" | "GEL" | "GHS" | "GIP" | "GMD" | "GNF" | "GTQ" | "GYD" | "HKD" | "HNL" | "HTG" | "HUF" | "IDR" | "ILS" | "INR" | "IQD" | "IRR" | "ISK" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LYD" | "MAD" | "MDL" | "MGA" | "MKD" | "MMK" | "MNT" | "MOP" | "MRU" | "MUR" | "MVR" | "MWK" | "MXN" | "MXV" | "MYR" | "MZN" | "NAD" | "NGN" | "NIO" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEN" | "PGK" | "PHP" | "PKR" | "PLN" | "PYG" | "QAR" | "RON" | "RSD" | "RUB" | "RWF" | "SAR" | "SBD" | "SCR" | "SDG" | "SEK" | "SGD" | "SHP" | "SLE" | "SLL" | "SOS" | "SRD" | "SSP" | "STN" | "SVC" | "SYP" | "SZL" | "THB" | "TJS" | "TMT" | "TND" | "TOP" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UGX" | "USD" | "USN" | "UYI" | "UYU" | "UYW" | "UZS" | "VED" | "VES" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XAG" | "XAU" | "XBA" | "XBB" | "XBC" | "XBD" | "XCD" | "XCG" | "XDR" | "XOF" | "XPD" | "XPF" | "XPT" | "XSU" | "XTS" | "XUA" | "XXX" | "YER" | "ZAR" | "ZMW" | "ZWG" | "ZWL";
                /** @description Payments of this amount or more. */
                minAmount?: number;
                /** @description Payments of this amount or less. */
                maxAmount?: number;
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listSubscriptions: {
        parameters: {
            query?: {
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Subscriptions in this state. */
                state?: "CREATED" | "PENDING" | "ACTIVE" | "PAST_DUE" | "EXPIRED" | "CANCELED" | "FAILED" | "UNKNOWN";
                /** @description The subscription with this token of the external. */
                subscriptionToken?: string;
                /** @description The subscription that was scheduled or started with this id of the shop. */
                shopTransactionId?: string;
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getRecovery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    search: {
        parameters: {
            query: {
                /**
                 * @description The text to find, whole.
                 * @example order-1001
                 */
                q: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResult"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getSummary: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Summary"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    getPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentDetail"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    listRefunds: {
        parameters: {
            query?: {
                /** @description The name of an external, also of one that is no longer configured. */
                external?: string;
                /** @description Refunds in this state. */
                state?: "PENDING" | "OK" | "KO" | "UNKNOWN";
                /** @description Refunds of the payment with this id of the external. */
                paymentId?: string;
                /** @description Refunds in this currency. */
                currency?: "AED" | "AFN" | "ALL" | "AMD" | "ANG" | "AOA" | "ARS" | "AUD" | "AWG" | "AZN" | "BAM" | "BBD" | "BDT" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOV" | "BRL" | "BSD" | "BTN" | "BWP" | "BYN" | "BZD" | "CAD" | "CDF" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNY" | "COP" | "COU" | "CRC" | "CUP" | "CVE" | "CZK" | "DJF" | "DKK" | "DOP" | "DZD" | "EGP" | "ERN" | "ETB" | "EUR" | "FJD" | "FKP" | "GBP" | "GEL" | "GHS" | "GIP" | "GMD" | "GNF" | "GTQ" | "GYD" | "HKD" | "HNL" | "HTG" | "HUF" | "IDR" | "ILS" | "INR" | "IQD" | "IRR" | "ISK" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LYD" | "MAD" | "MDL" | "MGA" | "MKD" | "MMK" | "MNT" | "MOP" | "MRU" | "MUR" | "MVR" | "MWK" | "MXN" | "MXV" | "MYR" | "MZN" | "NAD" | "NGN" | "NIO" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEN" | "PGK" | "PHP" | "PKR" | "PLN" | "PYG" | "QAR" | "RON" | "RSD" | "RUB" | "RWF" | "SAR" | "SBD" | "SCR" | "SDG" | "SEK" | "SGD" | "SHP" | "SLE" | "SLL" | "SOS" | "SRD" | "SSP" | "STN" | "SVC" | "SYP" | "SZL" | "THB" | "TJS" | "TMT" | "TND" | "TOP" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UGX" | "USD" | "USN" | "UYI" | "UYU" | "UYW" | "UZS" | "VED" | "VES" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XAG" | "XAU" | "XBA" | "XBB" | "XBC" | "XBD" | "XCD" | "XCG" | "XDR" | "XOF" | "XPD" | "XPF" | "XPT" | "XSU" | "XTS" | "XUA" | "XXX" | "YER" | "ZAR" | "ZMW" | "ZWG" | "ZWL";
                /** @description Created at this time or later. A `+` in the zone is written `%2B`. */
                from?: string;
                /** @description Created before this time. */
                to?: string;
                /** @description The maximum number of items. Default 50. */
                limit?: number;
                /** @description The position of the page: the `nextCursor` of the page before, with the same filters. */
                cursor?: string;
            };
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundPage"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    replayNotification: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The notification, queued again */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayedNotification"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    checkPaymentById: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found.payment-not-found"];
            409: components["responses"]["conflict"];
            422: components["responses"]["provider-rejected"];
            429: components["responses"]["rate-limited"];
            501: components["responses"]["operation-not-supported"];
            502: components["responses"]["provider-error.invalid-provider-response"];
            503: components["responses"]["provider-unavailable.overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            504: components["responses"]["provider-timeout"];
            default: components["responses"]["any"];
        };
    };
    refundPaymentById: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Use a new key for each request.
                 * @example refund-4711
                 */
                "Idempotency-Key": components["parameters"]["RequiredIdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentRefundRequest"];
            };
        };
        responses: {
            /** @description The refund was executed or declined, or is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundResult"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["not-found.payment-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.repeated-without-key.conflict.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.refund-exceeds-payment.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    cancelPaymentById: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentCancelRequest"];
            };
        };
        responses: {
            /** @description The payment was cancelled or not, or its cancellation is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["not-found.payment-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.payment-not-pending.repeated-without-key.conflict.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    replayNotifications: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReplayRequest"];
            };
        };
        responses: {
            /** @description The numbers of notifications that were queued and skipped */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayResult"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    cancelPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelRequest"];
            };
        };
        responses: {
            /** @description The payment was cancelled or not, or its cancellation is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.payment-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.payment-not-pending.repeated-without-key.outcome"];
            413: components["responses"]["payload-too-large.outcome"];
            415: components["responses"]["unsupported-media-type.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    expireSubscriptionByPost: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
                /**
                 * @description The token of the subscription, from the answer of `schedule` or `start`.
                 * @example sub_91c2
                 */
                subscriptionToken: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The change was executed or declined, or is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionExpireAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.subscription-not-found.outcome"];
            405: components["responses"]["method-not-allowed.outcome"];
            409: components["responses"]["idempotency-conflict.repeated-without-key.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    expireSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted string, such as a UUID. The same key with a different body is refused. Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The configured name of the external that executes the payment.
                 * @example simulator
                 */
                external: string;
                /**
                 * @description The token of the subscription, from the answer of `schedule` or `start`.
                 * @example sub_91c2
                 */
                subscriptionToken: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The change was executed or declined, or is pending */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionExpireAnswer"];
                };
            };
            400: components["responses"]["validation-failed.outcome"];
            401: components["responses"]["unauthenticated.outcome"];
            403: components["responses"]["forbidden.outcome"];
            404: components["responses"]["external-not-found.subscription-not-found.outcome"];
            409: components["responses"]["idempotency-conflict.repeated-without-key.outcome"];
            422: components["responses"]["idempotency-key-reused.provider-rejected.outcome"];
            429: components["responses"]["rate-limited.outcome"];
            501: components["responses"]["operation-not-supported.outcome"];
            502: components["responses"]["provider-error.invalid-provider-response.outcome"];
            503: components["responses"]["provider-unavailable.overloaded.recovering.shutting-down.authentication-unavailable.storage-unavailable.outcome"];
            504: components["responses"]["provider-timeout.outcome"];
            default: components["responses"]["any.outcome"];
        };
    };
    endRecovery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecoveryEndRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryStatus"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    resolvePayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentResolutionRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    resolveRefund: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundResolutionRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    resolveSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example sub_0199f2a4-e1f2-7034-8b5c-6d7e8f9a0b1c
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionResolutionRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    resolveOperation: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path: {
                /**
                 * @description The id that the gateway assigned; the lists show it.
                 * @example op_0199f2a4-e0aa-7c13-8d24-1a2b3c4d5e6f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OperationResolutionRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    eraseTexts: {
        parameters: {
            query?: never;
            header?: {
                /** @description Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description W3C Trace Context, passed on to the external and the receiver, as is `tracestate`. */
                traceparent?: components["parameters"]["Traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ErasureRequest"];
            };
        };
        responses: {
            /** @description The requested data */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureRecord"];
                };
            };
            400: components["responses"]["validation-failed"];
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not-found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["payload-too-large"];
            415: components["responses"]["unsupported-media-type"];
            429: components["responses"]["rate-limited"];
            503: components["responses"]["overloaded.shutting-down.authentication-unavailable.storage-unavailable"];
            default: components["responses"]["any"];
        };
    };
    paymentStatusChanged: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The id of the notification, the same on every attempt: process each id once.
                 * @example ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644
                 */
                "webhook-id": string;
                /**
                 * @description The time of the attempt, in seconds since 1970-01-01T00:00:00Z.
                 * @example 1767225600
                 */
                "webhook-timestamp": string;
                /**
                 * @description The signature by the Standard Webhooks specification: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}` with `NOTIFICATION_SECRET`, or the `secret` of the receiver. Two signatures, separated by a space, while a key is rotated.
                 * @example v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=
                 */
                "webhook-signature": string;
                /**
                 * @description What the notification is about. Ignore kinds that you do not know.
                 * @example payment
                 */
                "X-Tollgate-Event": "payment";
                /**
                 * @description The same number as `version` in the body. It is not signed: use the one in the body.
                 * @example 3
                 */
                "X-Payment-Version": number;
                /**
                 * @description The id of the request that caused the notification.
                 * @example req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                "X-Request-Id": string;
                /**
                 * @description W3C Trace Context of the request that caused the notification.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PaymentNotification"];
            };
        };
        responses: {
            /** @description The notification was received; any other 2xx means the same. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification is refused for good: the gateway does not retry it. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification was not received: the gateway retries it, not before `Retry-After`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    refundStatusChanged: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The id of the notification, the same on every attempt: process each id once.
                 * @example ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644
                 */
                "webhook-id": string;
                /**
                 * @description The time of the attempt, in seconds since 1970-01-01T00:00:00Z.
                 * @example 1767225600
                 */
                "webhook-timestamp": string;
                /**
                 * @description The signature by the Standard Webhooks specification: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}` with `NOTIFICATION_SECRET`, or the `secret` of the receiver. Two signatures, separated by a space, while a key is rotated.
                 * @example v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=
                 */
                "webhook-signature": string;
                /**
                 * @description What the notification is about. Ignore kinds that you do not know.
                 * @example refund
                 */
                "X-Tollgate-Event": "refund";
                /**
                 * @description The same number as `version` in the body. It is not signed: use the one in the body.
                 * @example 3
                 */
                "X-Payment-Version": number;
                /**
                 * @description The id of the request that caused the notification.
                 * @example req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                "X-Request-Id": string;
                /**
                 * @description W3C Trace Context of the request that caused the notification.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundNotification"];
            };
        };
        responses: {
            /** @description The notification was received; any other 2xx means the same. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification is refused for good: the gateway does not retry it. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification was not received: the gateway retries it, not before `Retry-After`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    subscriptionStatusChanged: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The id of the notification, the same on every attempt: process each id once.
                 * @example ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644
                 */
                "webhook-id": string;
                /**
                 * @description The time of the attempt, in seconds since 1970-01-01T00:00:00Z.
                 * @example 1767225600
                 */
                "webhook-timestamp": string;
                /**
                 * @description The signature by the Standard Webhooks specification: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}` with `NOTIFICATION_SECRET`, or the `secret` of the receiver. Two signatures, separated by a space, while a key is rotated.
                 * @example v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=
                 */
                "webhook-signature": string;
                /**
                 * @description What the notification is about. Ignore kinds that you do not know.
                 * @example subscription
                 */
                "X-Tollgate-Event": "subscription";
                /**
                 * @description The same number as `version` in the body. It is not signed: use the one in the body.
                 * @example 3
                 */
                "X-Payment-Version": number;
                /**
                 * @description The id of the request that caused the notification.
                 * @example req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10
                 */
                "X-Request-Id": string;
                /**
                 * @description W3C Trace Context of the request that caused the notification.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscriptionNotification"];
            };
        };
        responses: {
            /** @description The notification was received; any other 2xx means the same. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification is refused for good: the gateway does not retry it. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The notification was not received: the gateway retries it, not before `Retry-After`. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
