package telemetry

import (
	"crypto/rand"
	"log/slog"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// SettingError is a setting that cannot be used. Its text never holds the value
// of a secret one.
type SettingError struct {
	Setting string // the field of Config
	Reason  string // what is wrong with it
	hint    string
}

// Error names the setting and what is wrong with it.
func (e *SettingError) Error() string { return e.Setting + " " + e.Reason }

// Code is bad_telemetry_setting.
func (e *SettingError) Code() string { return "bad_telemetry_setting" }

// Hint says what to write instead.
func (e *SettingError) Hint() string { return e.hint }

// checked is c with its defaults, or the first setting that cannot be used.
func (c Config) checked() (Config, error) {
	if c.ServiceName == "" {
		c.ServiceName = "fluxmcp"
	}
	if c.Log == nil {
		c.Log = slog.DiscardHandler
	}
	if !(c.SampleRatio >= 0 && c.SampleRatio <= 1) { // so that NaN fails
		return c, &SettingError{"SampleRatio", "is not between 0 and 1", "Give the share of traces to keep as a number from 0 to 1."}
	}
	c.OTLPEndpoint = strings.TrimRight(c.OTLPEndpoint, "/")
	if c.OTLPEndpoint != "" && !baseURL(c.OTLPEndpoint) {
		return c, &SettingError{"OTLPEndpoint", "is not a base URL", "Give the collector as http://HOST:4318 or https://HOST, with tokens in the headers setting."}
	}
	return c, nil
}

// baseURL reports whether text is a URL to which a path can be added.
func baseURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// resource describes this process. The instance is random, so that replicas do
// not write into one series.
func (c Config) resource() *resource.Resource {
	attrs := []attribute.KeyValue{
		attribute.String("service.name", c.ServiceName),
		attribute.String("service.instance.id", rand.Text()),
	}
	if c.Version != "" {
		attrs = append(attrs, attribute.String("service.version", c.Version))
	}
	if c.Environment != "" {
		attrs = append(attrs, attribute.String("deployment.environment.name", c.Environment))
	}
	return resource.NewSchemaless(attrs...)
}
