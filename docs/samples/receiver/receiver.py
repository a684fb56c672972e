# Receives Tollgate's notifications, with Python's standard library only:
# PORT=4000 NOTIFICATION_SECRET=whsec_… python3 receiver.py
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

TOLERANCE_S = 300
# One secret, or two separated by a space during a rotation.
KEYS = [base64.b64decode(s.removeprefix("whsec_")) for s in os.environ["NOTIFICATION_SECRET"].split(" ")]

# Keep these in your database, in the transaction that changes the order.
lock = Lock()
processed_ids = set()
versions = {}  # of payments, refunds and subscriptions
paid_orders = set()


def is_genuine(headers, body):
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    given = headers.get("webhook-signature", "").split(" ")
    for key in KEYS:
        digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
        wanted = "v1," + base64.b64encode(digest).decode()
        if any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given):
            return True
    return False


def subject_of(event):
    """Only the signed body counts: headers other than the signature's are not signed."""
    provider = event["providerName"]
    if "refundId" in event:
        return f"{provider}/refund/{event['refundId']}"
    if "subscriptionToken" in event:
        return f"{provider}/subscription/{event['subscriptionToken']}"
    if "paymentId" in event:
        return f"{provider}/payment/{event['paymentId']}"
    # Never executed, or its id is not known yet: the payments of an order share this subject.
    return f"{provider}/order/{event['shopTransactionId']}"


def process_once(id, event):
    if id in processed_ids:
        return
    processed_ids.add(id)
    subject = subject_of(event)
    order = f"{event['providerName']}/order/{event.get('shopTransactionId')}"
    is_payment = "refundId" not in event and "subscriptionToken" not in event
    is_paid = is_payment and event["status"] == "ACCEPTED"
    newest = versions.get(subject, 0)
    if event["version"] <= newest and not (is_paid and subject == order):
        return
    versions[subject] = max(event["version"], newest)
    if is_paid:
        paid_orders.add(order)
    elif is_payment and order in paid_orders:
        return  # Another payment of an order that is paid.
    print("processed", subject, event["version"], event["status"], flush=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if is_genuine(self.headers, body):
            with lock:
                process_once(self.headers["webhook-id"], json.loads(body))
            self.send_response(204)
        else:
            self.send_response(401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver)
print("listening", server.server_port, flush=True)
server.serve_forever()
