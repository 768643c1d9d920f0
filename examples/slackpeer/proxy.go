package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// proxy stands for slack.com and what is below it: whoever asks it for one of
// these gets answers of the sandbox, over TLS with a certificate of its own. For
// any other host it connects nobody, and remembers which.
type proxy struct {
	certificate []byte // PEM, for those who shall trust it
	tls         *tls.Config
	inner       *http.Server // of the decrypted connections
	conns       chan net.Conn
	closed      chan struct{}
	once        sync.Once

	mu      sync.Mutex
	refused []string
}

// newProxy makes a proxy before h, which is asked for /slack/api/….
// Errors: of the system alone.
func newProxy(h http.Handler) (*proxy, error) {
	pair, certificate, err := selfSigned("slack.com", "*.slack.com")
	if err != nil {
		return nil, fmt.Errorf("make a certificate of slack.com: %w", err)
	}
	p := &proxy{
		certificate: certificate, tls: &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12},
		conns: make(chan net.Conn), closed: make(chan struct{}),
	}
	p.inner = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside := r.Clone(r.Context())
		inside.URL.Path = "/slack" + r.URL.Path
		h.ServeHTTP(w, inside)
	})}
	go func() { _ = p.inner.Serve(p) }() // ends with Close
	return p, nil
}

// ServeHTTP answers CONNECT.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || host != "slack.com" && !strings.HasSuffix(host, ".slack.com") {
		p.mu.Lock()
		p.refused = append(p.refused, r.Host)
		p.mu.Unlock()
		http.Error(w, "only Slack may be asked", http.StatusForbidden)
		return
	}
	conn, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the client has left
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	select {
	case p.conns <- tls.Server(begun{conn, early}, p.tls):
	case <-p.closed:
		_ = conn.Close()
	}
}

// begun is a connection whose first bytes were read with the request.
type begun struct {
	net.Conn
	early io.Reader
}

// Read reads what was there early, and then goes on.
func (b begun) Read(p []byte) (int, error) { return b.early.Read(p) }

// Refused are the hosts that nobody was connected with.
func (p *proxy) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.refused...)
}

// Accept, Close and Addr make the proxy the listener of its inner server.
func (p *proxy) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends all connections.
func (p *proxy) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr is none that anybody could dial.
func (p *proxy) Addr() net.Addr { return &net.TCPAddr{} }

// selfSigned makes a certificate for an hour.
func selfSigned(hosts ...string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "fluxmcp side by side"}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// close ends the proxy with all that it serves.
func (p *proxy) close() {
	_ = p.Close()
	_ = p.inner.Shutdown(context.Background())
}
