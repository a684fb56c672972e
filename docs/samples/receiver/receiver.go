// Receives Tollgate's notifications, with Go's standard library only:
// PORT=4000 NOTIFICATION_SECRET=whsec_… go run receiver.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const toleranceS = 300

type event struct {
	Status            string
	Version           int64
	ProviderName      string
	PaymentID         string
	RefundID          string
	SubscriptionToken string
	ShopTransactionID string
}

// Keep these in your database, in the transaction that changes the order.
var (
	lock         sync.Mutex
	processedIDs = map[string]bool{}
	versions     = map[string]int64{} // of payments, refunds and subscriptions
	paidOrders   = map[string]bool{}
)

// keysOf reads one secret, or two separated by a space during a rotation.
func keysOf(secrets string) (keys [][]byte) {
	for _, secret := range strings.Fields(secrets) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			log.Fatal("NOTIFICATION_SECRET: ", err)
		}
		keys = append(keys, key)
	}
	return keys
}

func isGenuine(keys [][]byte, headers http.Header, body []byte) bool {
	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	age := time.Now().Unix() - seconds
	if id == "" || err != nil || age > toleranceS || age < -toleranceS {
		return false
	}
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
		wanted := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, one := range strings.Fields(headers.Get("webhook-signature")) {
			if hmac.Equal([]byte(one), []byte(wanted)) {
				return true
			}
		}
	}
	return false
}

// Only the signed body counts: headers other than the signature's are not signed.
func (e event) subject() string {
	switch {
	case e.RefundID != "":
		return e.ProviderName + "/refund/" + e.RefundID
	case e.SubscriptionToken != "":
		return e.ProviderName + "/subscription/" + e.SubscriptionToken
	case e.PaymentID != "":
		return e.ProviderName + "/payment/" + e.PaymentID
	}
	// Never executed, or its id is not known yet: the payments of an order share this subject.
	return e.ProviderName + "/order/" + e.ShopTransactionID
}

func processOnce(id string, e event) {
	lock.Lock()
	defer lock.Unlock()
	if processedIDs[id] {
		return
	}
	processedIDs[id] = true
	subject := e.subject()
	order := e.ProviderName + "/order/" + e.ShopTransactionID
	isPayment := e.RefundID == "" && e.SubscriptionToken == ""
	isPaid := isPayment && e.Status == "ACCEPTED"
	if e.Version > versions[subject] {
		versions[subject] = e.Version
	} else if !isPaid || subject != order {
		return
	}
	if isPaid {
		paidOrders[order] = true
	} else if isPayment && paidOrders[order] {
		return // Another payment of an order that is paid.
	}
	fmt.Println("processed", subject, e.Version, e.Status)
}

func main() {
	keys := keysOf(os.Getenv("NOTIFICATION_SECRET"))
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		var e event
		body, err := io.ReadAll(request.Body)
		if err != nil || !isGenuine(keys, request.Header, body) || json.Unmarshal(body, &e) != nil {
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		processOnce(request.Header.Get("webhook-id"), e)
		response.WriteHeader(http.StatusNoContent)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
