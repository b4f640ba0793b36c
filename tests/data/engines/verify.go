// Asks Go's crypto/x509: verify.go CHAIN.pem ROOTS.pem HOST UNIXTIME. Prints "ok" or the error.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	chain, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots, err := os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	at, err := strconv.ParseInt(os.Args[4], 10, 64)
	if err != nil {
		panic(err)
	}
	options := x509.VerifyOptions{
		DNSName:       os.Args[3],
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   time.Unix(at, 0).UTC(),
	}
	options.Roots.AppendCertsFromPEM(roots)
	var leaf *x509.Certificate
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		// As crypto/tls: what does not parse ends the handshake.
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			fmt.Println(err)
			return
		}
		if leaf == nil {
			leaf = certificate
		} else {
			options.Intermediates.AddCert(certificate)
		}
	}
	if _, err := leaf.Verify(options); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("ok")
}
