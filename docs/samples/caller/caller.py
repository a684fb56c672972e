# Executes one operation exactly once, also if answers get lost, with Python's standard library only:
# python3 caller.py pay '{"amount":1299,"currency":"EUR","shopTransactionId":"order-1001"}'
import json, os, sys, time, uuid
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

URL = os.environ.get("TOLLGATE_URL", "http://localhost:8080/v3/simulator")
KEY = os.environ.get("TOLLGATE_KEY")
TIMEOUT_S = float(os.environ.get("TIMEOUT_S", "20"))
DELAYS_S = [0.5, 1, 2]  # between attempts


def send(method, path, body=None, key=None):
    """Returns status, Retry-After and body; None if there is no answer, which says nothing about the outcome."""
    request = Request(f"{URL}/{path}", body and json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    if KEY:
        request.add_header("Authorization", f"Bearer {KEY}")
    if key:
        request.add_header("Idempotency-Key", key)
    try:
        try:
            response = urlopen(request, timeout=TIMEOUT_S)
        except HTTPError as error:
            response = error
        with response:
            retry_after_s = float(response.headers.get("Retry-After", 0))
            return response.status, retry_after_s, json.load(response)
    except (OSError, HTTPException, ValueError):
        return None


def execute(operation, body, key):
    """Every attempt has the same key: Tollgate executes the first and answers the others with its result."""
    for delay_s in [*DELAYS_S, None]:
        status, retry_after_s, answer = send("POST", operation, body, key) or (0, 0, {"outcome": "unknown"})
        can_repeat = answer.get("outcome") == "unknown" or status in (429, 502, 503)
        if status == 200 or not can_repeat or delay_s is None:
            return answer
        time.sleep(max(delay_s, retry_after_s))


operation, request = sys.argv[1], json.loads(sys.argv[2])
# A real caller stores the key with the order first: after a crash, it sends the same request with the same key.
key = sys.argv[3] if len(sys.argv) > 3 else str(uuid.uuid4())
print("key", key)
answer = execute(operation, request, key)
result, id = answer.get("result"), answer.get("refundId", answer.get("paymentId"))

if result == "OK":
    print("executed", id)
elif result == "REDIRECT_TO_URL":
    print("send the payer to", answer.get("redirectToUrl", answer.get("redirectToUrlMobile")))
elif result == "PENDING":
    print("pending", id)  # A notification follows.
elif result == "KO":
    print("declined", answer.get("resultDescription", ""))
elif answer.get("outcome") == "not-executed":
    print("not executed:", answer["code"], answer["detail"], answer.get("paymentStatus", ""))
    sys.exit(1)
else:
    # Leave the order open. A notification follows; until then, /status answers by the order, too.
    order = request.get("shopTransactionId")
    status = order and send("GET", "status?" + urlencode({"shopTransactionId": order}))
    known = status[2].get("status") if status else None
    print("unknown:", answer.get("code", "no answer"), "status", known or "not known")
    sys.exit(2)
