package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	client := &http.Client{Timeout: 8 * time.Second}
	answer, err := client.Get(os.Args[1])
	if err == nil {
		answer.Body.Close()
		return
	}
	fmt.Fprintln(os.Stderr, err)
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
