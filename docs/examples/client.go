// A client by JSON, with Go's standard library: logs in, checks the session and logs out. Needs TLS, or a trial on
// this machine.
//
//	TORII_URL=http://127.0.0.1:8080 TORII_APPID=… TORII_APPSECRET=… go run client.go amber "correct horse"
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

// Decide by Code, never by Msg.
type reply struct {
	Code    int                       `json:"code"`
	Msg     string                    `json:"msg"`
	Reason  string                    `json:"reason"`
	User    struct{ UserName string } `json:"user"`
	Tickets struct{ A2, Skey string } `json:"tickets"`
}

var client = http.Client{Timeout: 10 * time.Second}

func call(path string, members map[string]string) (out reply) {
	members["appid"], members["appsecret"] = os.Getenv("TORII_APPID"), os.Getenv("TORII_APPSECRET")
	body, _ := json.Marshal(members)
	request, err := http.NewRequest("POST", os.Getenv("TORII_URL")+path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Accept-Language": {"en"}}
	response, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		panic(err)
	}
	return out
}

func main() {
	login := call("/v1/login", map[string]string{"login": os.Args[1], "password": os.Args[2]})
	if login.Tickets.Skey == "" {
		fmt.Fprintln(os.Stderr, login.Code, login.Msg)
		os.Exit(1)
	}
	token := map[string]string{"token": login.Tickets.Skey}
	fmt.Println("logged in as", call("/v1/session", token).User.UserName)
	call("/v1/logout", token)
	fmt.Println("logged out:", call("/v1/session", token).Reason)
}
