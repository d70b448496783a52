// Go's net/smtp as a client. Arguments and exit codes: see README.md.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/xdg-go/scram"
)

// login is the LOGIN mechanism, which the library leaves to the application.
type login struct{ user, password string }

func (l login) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

func (l login) Next(challenge []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case string(challenge) == "Username:":
		return []byte(l.user), nil
	case string(challenge) == "Password:":
		return []byte(l.password), nil
	}
	return nil, fmt.Errorf("unknown prompt %q", challenge)
}

// single is a mechanism of one response; a further challenge is answered with final.
type single struct{ name, response, final string }

func (s single) Start(*smtp.ServerInfo) (string, []byte, error) {
	return s.name, []byte(s.response), nil
}

func (s single) Next(challenge []byte, more bool) ([]byte, error) {
	if more {
		return []byte(s.final), nil
	}
	return nil, nil
}

// challenged is a mechanism of SCRAM, by a library.
type challenged struct {
	name         string
	conversation *scram.ClientConversation
}

func newChallenged(name, user, secret string) smtp.Auth {
	hash := map[string]scram.HashGeneratorFcn{
		"SCRAM-SHA-1": scram.SHA1, "SCRAM-SHA-256": scram.SHA256, "SCRAM-SHA-512": scram.SHA512,
	}[name]
	client, err := hash.NewClient(user, secret, "")
	if err != nil {
		panic(err)
	}
	return challenged{name, client.NewConversation()}
}

func (c challenged) Start(*smtp.ServerInfo) (string, []byte, error) {
	first, err := c.conversation.Step("")
	return c.name, []byte(first), err
}

func (c challenged) Next(challenge []byte, more bool) ([]byte, error) {
	if !more {
		if !c.conversation.Valid() {
			return nil, errors.New("a success without the server's proof")
		}
		return nil, nil
	}
	response, err := c.conversation.Step(string(challenge))
	return []byte(response), err
}

func mechanism(name, host, port, user, secret string) smtp.Auth {
	if strings.HasPrefix(name, "SCRAM-") {
		return newChallenged(name, user, secret)
	}
	switch name {
	case "PLAIN":
		return smtp.PlainAuth("", user, secret, host)
	case "CRAM-MD5":
		return smtp.CRAMMD5Auth(user, secret)
	case "LOGIN":
		return login{user, secret}
	case "XOAUTH2":
		return single{name, "user=" + user + "\x01auth=Bearer " + secret + "\x01\x01", ""}
	case "OAUTHBEARER":
		response := "n,a=" + user + ",\x01host=" + host + "\x01port=" + port +
			"\x01auth=Bearer " + secret + "\x01\x01"
		return single{name, response, "\x01"}
	case "EXTERNAL":
		return single{name, user, ""}
	}
	return single{name, "interop@example.net", ""}
}

var errAuth = errors.New("authentication refused")

func run(arg []string) error {
	host, port, mode, name, user, ca, from := arg[0], arg[1], arg[2], arg[3], arg[4], arg[5], arg[6]
	recipients, files := strings.Split(arg[7], ","), arg[8:]

	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: host, RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(pem)
	if file := os.Getenv("INTEROP_CERT"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, os.Getenv("INTEROP_KEY"))
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}

	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 15*time.Second)
	if err != nil {
		return err
	}
	conn.SetDeadline(time.Now().Add(15 * time.Second))
	if mode == "implicit" {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer client.Close()
	if mode == "starttls" {
		if err := client.StartTLS(config); err != nil {
			return err
		}
	}
	if err := client.Auth(mechanism(name, host, port, user, os.Getenv("INTEROP_SECRET"))); err != nil {
		var reply *textproto.Error
		if errors.As(err, &reply) && reply.Code == 535 {
			return fmt.Errorf("%w: %v", errAuth, err)
		}
		return err
	}
	for _, file := range files {
		if err := send(client, from, recipients, file); err != nil {
			return err
		}
	}
	return client.Quit()
}

func send(client *smtp.Client, from string, recipients []string, file string) error {
	message, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	for _, recipient := range recipients {
		if err := client.Rcpt(recipient); err != nil {
			return err
		}
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return err
	}
	return data.Close()
}

func main() {
	err := run(os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, errAuth) {
		os.Exit(1)
	}
	os.Exit(2)
}
