// Executes one operation exactly once, also if answers get lost, with Go's standard library only:
// go run caller.go pay '{"amount":1299,"currency":"EUR","shopTransactionId":"order-1001"}'
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type answer struct {
	httpStatus          int
	retryAfter          time.Duration
	Result              string
	ResultDescription   string
	PaymentID           string
	RefundID            string
	RedirectToURL       string
	RedirectToURLMobile string
	Status              any // of a payment: text; of a problem: number
	Outcome             string
	Code                string
	Detail              string
	PaymentStatus       string
}

var (
	base   = env("TOLLGATE_URL", "http://localhost:8080/v3/simulator")
	apiKey = env("TOLLGATE_KEY", "")
	client = http.Client{Timeout: seconds(env("TIMEOUT_S", "20"))}
	delays = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}
)

func env(name, fallback string) string {
	return firstOf(os.Getenv(name), fallback)
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

func seconds(text string) time.Duration {
	value, _ := strconv.Atoi(text)
	return time.Duration(value) * time.Second
}

// send returns the outcome "unknown" if there is no answer from Tollgate.
func send(method, path, body, key string) answer {
	request, err := http.NewRequest(method, base+"/"+path, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if apiKey != "" {
		request.Header.Set("Authorization", "Bearer "+apiKey)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{Outcome: "unknown"}
	}
	defer response.Body.Close()
	result := answer{httpStatus: response.StatusCode, retryAfter: seconds(response.Header.Get("Retry-After"))}
	if json.NewDecoder(response.Body).Decode(&result) != nil {
		return answer{Outcome: "unknown"}
	}
	return result
}

// execute sends every attempt with the same key: Tollgate executes the first and answers the others with its result.
func execute(operation, body, key string) answer {
	for attempt := 0; ; attempt++ {
		result := send(http.MethodPost, operation, body, key)
		status := result.httpStatus
		canRepeat := result.Outcome == "unknown" || status == 429 || status == 502 || status == 503
		if status == 200 || !canRepeat || attempt == len(delays) {
			return result
		}
		delay := delays[attempt]
		if result.retryAfter > delay {
			delay = result.retryAfter
		}
		time.Sleep(delay)
	}
}

// statusOf queries the newest payment of the order in the request.
func statusOf(body string) string {
	var request struct{ ShopTransactionID string }
	if json.Unmarshal([]byte(body), &request) != nil || request.ShopTransactionID == "" {
		return ""
	}
	query := url.Values{"shopTransactionId": {request.ShopTransactionID}}
	status, _ := send(http.MethodGet, "status?"+query.Encode(), "", "").Status.(string)
	return status
}

func newKey() string {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%x", random)
}

func main() {
	operation, body, key := os.Args[1], os.Args[2], newKey()
	if len(os.Args) > 3 {
		key = os.Args[3]
	}
	// A real caller stores the key with the order first: after a crash, it sends the same request with the same key.
	fmt.Println("key", key)
	result := execute(operation, body, key)
	id := firstOf(result.RefundID, result.PaymentID)
	switch {
	case result.Result == "OK":
		fmt.Println("executed", id)
	case result.Result == "REDIRECT_TO_URL":
		fmt.Println("send the payer to", firstOf(result.RedirectToURL, result.RedirectToURLMobile))
	case result.Result == "PENDING":
		fmt.Println("pending", id) // a notification follows
	case result.Result == "KO":
		fmt.Println("declined", result.ResultDescription)
	case result.Outcome == "not-executed":
		fmt.Println("not executed:", result.Code, result.Detail, result.PaymentStatus)
		os.Exit(1)
	default:
		// Leave the order open. A notification follows; until then, /status answers by the order, too.
		fmt.Println("unknown:", firstOf(result.Code, "no answer"), "status", firstOf(statusOf(body), "not known"))
		os.Exit(2)
	}
}
