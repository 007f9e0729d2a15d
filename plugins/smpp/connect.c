/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows of names and TLS. */
#include "connect.h"

#include "bytes.h"
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

struct connect {
	struct event_base *base;
	struct evdns_base *dns; /* only when host is a name */
	SSL_CTX *tls;           /* NULL: plain */
	const struct settings *settings;
	char reason[256];
};

static bool
is_numeric(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static const char *
checked_name(const struct settings *s)
{
	return s->tls_name[0] != '\0' ? s->tls_name : s->host;
}

static bool
load_tls(struct connect *c, struct channel_error *error)
{
	const struct settings *s = c->settings;

	c->tls = SSL_CTX_new(TLS_client_method());
	if (c->tls == NULL)
		return channel_fail(error, "cannot make a TLS context");
	SSL_CTX_set_min_proto_version(c->tls, TLS1_2_VERSION);
	if (s->tls == TLS_ENCRYPT)
		return true;
	SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
	if (s->tls_ca[0] == '\0')
		return SSL_CTX_set_default_verify_paths(c->tls) == 1 ||
		       channel_fail(error, "cannot read the CA certificates of the system");
	if (SSL_CTX_load_verify_locations(c->tls, s->tls_ca, NULL) != 1) {
		unsigned long code = ERR_get_error();
		ERR_clear_error();
		return channel_fail(error, "cannot read CA certificates from %s: %s", s->tls_ca,
		    ERR_reason_error_string(code) != NULL ? ERR_reason_error_string(code)
							  : "no certificate in it");
	}
	return true;
}

struct connect *
connect_new(struct event_base *base, const struct settings *settings, struct channel_error *error)
{
	struct connect *c = bytes_alloc(1, sizeof(*c));

	c->base = base;
	c->settings = settings;
	if (settings->tls != TLS_OFF && !load_tls(c, error)) {
		connect_free(&c);
		return NULL;
	}
	if (!is_numeric(settings->host)) {
		c->dns = evdns_base_new(
		    base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		/* Without any name server there is still the hosts file. */
		if (c->dns == NULL)
			c->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		if (c->dns == NULL) {
			channel_fail(error, "cannot resolve names");
			connect_free(&c);
			return NULL;
		}
		evdns_base_load_hosts(c->dns, "/etc/hosts");
	}
	return c;
}

void
connect_free(struct connect **c)
{
	if (*c == NULL)
		return;
	if ((*c)->dns != NULL)
		evdns_base_free((*c)->dns, 1);
	if ((*c)->tls != NULL)
		SSL_CTX_free((*c)->tls);
	free(*c);
	*c = NULL;
}

/* The name, or the address, that the certificate must be for. */
static bool
expect_name(SSL *ssl, const struct settings *s)
{
	const char *name = checked_name(s);

	if (is_numeric(name))
		return s->tls != TLS_VERIFY ||
		       X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	if (SSL_set_tlsext_host_name(ssl, name) != 1)
		return false;
	return s->tls != TLS_VERIFY || SSL_set1_host(ssl, name) == 1;
}

static struct bufferevent *
new_bufferevent(struct connect *c)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (c->tls == NULL)
		return bufferevent_socket_new(c->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(c->tls);
	if (ssl == NULL)
		return NULL;
	if (!expect_name(ssl, c->settings)) {
		SSL_free(ssl);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(
	    c->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

struct bufferevent *
connect_open(struct connect *c)
{
	const struct settings *s = c->settings;
	struct bufferevent *bev = new_bufferevent(c);
	int failed;

	if (bev == NULL)
		return NULL;
	if (c->dns != NULL) {
		failed =
		    bufferevent_socket_connect_hostname(bev, c->dns, AF_UNSPEC, s->host, s->port);
	} else {
		struct sockaddr_storage address;
		int len = sizeof(address);
		char text[300];
		snprintf(text, sizeof(text),
		    strchr(s->host, ':') != NULL ? "[%.250s]:%u" : "%.250s:%u", s->host, s->port);
		failed = evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len);
		if (failed == 0)
			failed = bufferevent_socket_connect(bev, (struct sockaddr *)&address, len);
	}
	if (failed != 0) {
		bufferevent_free(bev);
		return NULL;
	}
	return bev;
}

const char *
connect_reason(struct connect *c, struct bufferevent *bev, int socket_error)
{
	unsigned long code = bev != NULL && c->tls != NULL ? bufferevent_get_openssl_error(bev) : 0;
	int dns_error = bev != NULL ? bufferevent_socket_get_dns_error(bev) : 0;
	SSL *ssl = bev != NULL && c->tls != NULL ? bufferevent_openssl_get_ssl(bev) : NULL;
	long verify = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (dns_error != 0)
		snprintf(c->reason, sizeof(c->reason), "cannot resolve %.100s: %s",
		    c->settings->host, evutil_gai_strerror(dns_error));
	else if (verify != X509_V_OK && c->settings->tls == TLS_VERIFY)
		snprintf(c->reason, sizeof(c->reason),
		    "the certificate was not accepted: %s; expected one for %.100s",
		    X509_verify_cert_error_string(verify), checked_name(c->settings));
	else if (code != 0)
		snprintf(c->reason, sizeof(c->reason), "TLS failed: %s",
		    ERR_reason_error_string(code) != NULL ? ERR_reason_error_string(code)
							  : "unknown error");
	else
		snprintf(c->reason, sizeof(c->reason), "%s",
		    socket_error != 0 ? evutil_socket_error_to_string(socket_error)
				      : "the connection was closed");
	return c->reason;
}
