// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rules.c - from text to what the program compares with */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define SPACE		" \t\r\f\v"
#define ADDR_SIZE	64	/* any address, with its prefix length */

/* The rule that is being read. */
struct parser {
	struct filter_rule *rule;
	const char *start;	/* of the rule */
	size_t len;
	const char *word;	/* the last one read; at the end, the place behind */
	size_t word_len;
	const char *next;	/* where the one after it is looked for */
	const char *source;
	unsigned int line;	/* 0: not numbered */
	FILE *errors;
	bool has_proto, has_family, has_src, has_dst, has_sport, has_dport;
};

/* Message, rule, and what it is about underlined. Always false. */
__attribute__((format(printf, 2, 3)))
static bool complain(const struct parser *p, const char *format, ...)
{
	size_t at = (size_t)(p->word - p->start), i;
	va_list args;

	fprintf(p->errors, "drop-filter: %s", p->source);
	if (p->line)
		fprintf(p->errors, ":%u", p->line);
	fputs(": ", p->errors);
	va_start(args, format);
	vfprintf(p->errors, format, args);
	va_end(args);
	/* A tab stays one, for what stands under it to be under it. */
	fprintf(p->errors, "\n    %.*s\n    ", (int)p->len, p->start);
	for (i = 0; i < at; i++)
		fputc(p->start[i] == '\t' ? '\t' : ' ', p->errors);
	for (i = 0; i < p->word_len || i < 1; i++)
		fputc('^', p->errors);
	fputc('\n', p->errors);
	return false;
}

static bool next_word(struct parser *p)
{
	const char *end = p->start + p->len;

	p->word = p->next + strspn(p->next, SPACE);
	if (p->word > end)
		p->word = end;
	p->word_len = strcspn(p->word, SPACE);
	if (p->word_len > (size_t)(end - p->word))
		p->word_len = (size_t)(end - p->word);
	p->next = p->word + p->word_len;
	return p->word_len;
}

static bool is(const struct parser *p, const char *word)
{
	return p->word_len == strlen(word) && !memcmp(p->word, word, p->word_len);
}

/* Decimal digits up to @max; NULL if there are none, or too many. */
static const char *number(const char *text, const char *end, unsigned int max,
			  unsigned int *value)
{
	unsigned int n = 0;
	const char *at;

	for (at = text; at < end && isdigit((unsigned char)*at); at++) {
		n = n * 10 + (unsigned int)(*at - '0');
		if (n > max)
			return NULL;
	}
	*value = n;
	return at > text ? at : NULL;
}

static bool family(struct parser *p, __u32 value, const char *why)
{
	struct filter_rule *r = p->rule;

	if (p->has_family && r->family != value)
		return complain(p, "%s, but the rule is about IPv%u", why, r->family);
	p->has_family = true;
	r->family = value;
	r->family_mask = ~0U;
	return true;
}

static bool protocol(struct parser *p, __u32 value)
{
	struct filter_rule *r = p->rule;

	if (p->has_proto)
		return complain(p, "a rule has one protocol");
	p->has_proto = true;
	r->proto = value;
	r->proto_mask = ~0U;
	return true;
}

static bool protocol_number(struct parser *p)
{
	unsigned int value;

	if (!next_word(p) ||
	    number(p->word, p->next, 255, &value) != p->next)
		return complain(p, "'proto' takes a number from 0 to 255");
	return protocol(p, value);
}

/* The first @bits of @size bytes set. */
static void make_mask(unsigned char *mask, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < 16; i++, bits -= bits < 8 ? bits : 8)
		mask[i] = (unsigned char)(bits >= 8 ? 0xff : 0xff << (8 - bits));
}

static bool prefix(struct parser *p, const char *what, bool *seen, __u64 *addr,
		   __u64 *mask)
{
	unsigned char bytes[16] = { 0 }, mask_bytes[16], host = 0;
	char text[ADDR_SIZE], back[INET6_ADDRSTRLEN];
	unsigned int max, bits, i;
	char *slash;
	int af;

	if (*seen)
		return complain(p, "'%s' stands here twice", what);
	*seen = true;
	if (!next_word(p) || p->word_len >= sizeof(text))
		return complain(p, "'%s' takes an address or prefix: 10.0.0.0/8 or fd00::/8",
				what);
	memcpy(text, p->word, p->word_len);
	text[p->word_len] = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	af = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(af, text, bytes) != 1)
		return complain(p, "'%s' takes an address or prefix: 10.0.0.0/8 or fd00::/8",
				what);
	max = af == AF_INET6 ? 128 : 32;
	bits = max;
	if (slash &&
	    number(slash + 1, text + p->word_len, max, &bits) != text + p->word_len)
		return complain(p, "the length of a prefix of IPv%d goes from 0 to %u",
				af == AF_INET6 ? 6 : 4, max);
	make_mask(mask_bytes, bits);
	for (i = 0; i < 16; i++) {
		host |= bytes[i] & (unsigned char)~mask_bytes[i];
		bytes[i] &= mask_bytes[i];
	}
	if (host) {
		inet_ntop(af, bytes, back, sizeof(back));
		return complain(p, "the address has bits behind its prefix: did you mean %s/%u?",
				back, bits);
	}
	memcpy(addr, bytes, 16);
	memcpy(mask, mask_bytes, 16);
	return family(p, af == AF_INET6 ? 6 : 4, "this is an address of the other family");
}

static bool ports(struct parser *p, const char *what, bool *seen, __u32 *min,
		  __u32 *max)
{
	const char *at;

	if (*seen)
		return complain(p, "'%s' stands here twice", what);
	*seen = true;
	if (!next_word(p))
		return complain(p, "'%s' takes a port or a range: 53 or 6000-6063", what);
	at = number(p->word, p->next, 65535, min);
	*max = *min;
	if (at && at < p->next && *at == '-')
		at = number(at + 1, p->next, 65535, max);
	if (at != p->next)
		return complain(p, "'%s' takes a port or a range from 0 to 65535: 53 or 6000-6063",
				what);
	if (*min > *max)
		return complain(p, "the range ends before it begins: did you mean %u-%u?",
				*max, *min);
	return true;
}

static bool word(struct parser *p)
{
	struct filter_rule *r = p->rule;

	if (is(p, "ip"))
		return family(p, 4, "this is IPv4");
	if (is(p, "ip6"))
		return family(p, 6, "this is IPv6");
	if (is(p, "tcp"))
		return protocol(p, IPPROTO_TCP);
	if (is(p, "udp"))
		return protocol(p, IPPROTO_UDP);
	if (is(p, "sctp"))
		return protocol(p, IPPROTO_SCTP);
	if (is(p, "icmp"))
		return protocol(p, IPPROTO_ICMP) && family(p, 4, "'icmp' is IPv4's");
	if (is(p, "icmp6"))
		return protocol(p, IPPROTO_ICMPV6) && family(p, 6, "'icmp6' is IPv6's");
	if (is(p, "proto"))
		return protocol_number(p);
	if (is(p, "src"))
		return prefix(p, "src", &p->has_src, r->saddr, r->smask);
	if (is(p, "dst"))
		return prefix(p, "dst", &p->has_dst, r->daddr, r->dmask);
	if (is(p, "sport"))
		return ports(p, "sport", &p->has_sport, &r->sport_min, &r->sport_max);
	if (is(p, "dport"))
		return ports(p, "dport", &p->has_dport, &r->dport_min, &r->dport_max);
	return complain(p, "this is none of ip, ip6, tcp, udp, sctp, icmp, icmp6, proto, src, dst, sport, dport");
}

static bool has_ports(__u32 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP ||
	       proto == IPPROTO_UDPLITE;
}

static bool rule(struct rule_list *list, struct parser *p)
{
	struct filter_rule r = {
		.sport_max = FILTER_NO_PORT,
		.dport_max = FILTER_NO_PORT,
	};
	const char *port_word = NULL;

	p->rule = &r;
	p->next = p->start;
	if (!next_word(p))
		return true;
	if (list->count == FILTER_RULES_MAX)
		return complain(p, "this is one rule more than the %d that fit",
				FILTER_RULES_MAX);
	do {
		if (is(p, "sport") || is(p, "dport"))
			port_word = p->word;
		if (!word(p))
			return false;
	} while (next_word(p));
	if (port_word && p->has_proto && !has_ports(r.proto)) {
		p->word = port_word;
		p->word_len = strlen("port") + 1;
		return complain(p, "the protocol of the rule has no ports");
	}
	list->rules[list->count++] = r;
	return true;
}

bool rules_parse(struct rule_list *list, const char *text, const char *source,
		 bool lines, FILE *errors)
{
	unsigned int line = 0;
	size_t len, end;

	for (;;) {
		/* A line, without its comment */
		line++;
		len = strcspn(text, "\n");
		end = strcspn(text, "#\n");
		while (end) {
			struct parser p = {
				.start = text + strspn(text, SPACE),
				.source = source,
				.line = lines ? line : 0,
				.errors = errors,
			};
			size_t n = strcspn(text, ";");
			size_t here = n < end ? n : end;

			if (p.start > text + here)
				p.start = text + here;
			p.len = (size_t)(text + here - p.start);
			while (p.len && strchr(SPACE, p.start[p.len - 1]))
				p.len--;
			if (!rule(list, &p))
				return false;
			here += n < end;
			text += here;
			end -= here;
			len -= here;
		}
		text += len;
		if (!*text)
			return true;
		text++;
	}
}
