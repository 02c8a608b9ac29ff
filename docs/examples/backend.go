// A backend that checks a login, with Go's standard library.
//
//	TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… go run backend.go sk_…
//
// Prints the user, and ends with 1 when the ticket is not good.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

type answer struct {
	Code   int   `json:"code"`
	Active *bool `json:"active"`
	User   struct {
		UserName string `json:"userName"`
	} `json:"user"`
}

var client = http.Client{Timeout: 5 * time.Second}

// checkTicket fails when the login server gives no answer, which says nothing about the user.
func checkTicket(token string) (reply answer, err error) {
	body, _ := json.Marshal(map[string]string{
		"appid": os.Getenv("TORII_APPID"), "appsecret": os.Getenv("TORII_APPSECRET"), "token": token})
	response, err := client.Post(os.Getenv("TORII_URL")+"/v1/ticket/verify", "application/json", bytes.NewReader(body))
	if err != nil {
		return reply, err
	}
	defer response.Body.Close()
	if err = json.NewDecoder(response.Body).Decode(&reply); err == nil && reply.Active == nil {
		err = fmt.Errorf("the login server gives no answer: %d", reply.Code)
	}
	return reply, err
}

func main() {
	reply, err := checkTicket(os.Args[1])
	if err != nil {
		panic(err)
	}
	if !*reply.Active {
		fmt.Println("not logged in")
		os.Exit(1)
	}
	fmt.Println(reply.User.UserName)
}
