// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * test_pcap.c - the parsers give the same answers as libpcap's filter engine
 *
 * What a parser accepts is written as a filter expression, from the RFCs and not
 * from the parser. libpcap compiles and runs it. A load beyond the end of the packet
 * ends a filter with "no", and cannot be caught in the middle of an "or", so each way
 * through the headers, a number of VLAN tags and of IPv6 extension headers, has
 * filters of its own; a frame is accepted if one of them says so. Numbers that a
 * parser hands out are compared bit by bit, each bit being a filter.
 */
#include "test.h"
#include <hwirq_helpers.h>

/* libpcap has the classic one. */
#define bpf_insn pcap_bpf_insn
#include <pcap/pcap.h>
#undef bpf_insn

#define TAGS (HWIRQ_VLAN_MAX + 1)
#define EXTS (HWIRQ_IPV6_EXT_MAX + 1)
#define TEXT 32768

/* What can be behind an IP header, beside nothing that we look into. */
enum { L4_ANY, L4_UDP, L4_TCP, L4_ICMP, L4_KINDS };

struct filter {
	struct bpf_program prog;
	char *text;
};

/* What is accepted on a way through the headers, and what was found at its end. */
struct way {
	struct filter ok[L4_KINDS];
	/* bits of the port or type, and of the payload's length */
	struct filter value[L4_KINDS][16], length[L4_KINDS][16];
};

static struct {
	struct filter tags[TAGS], arp[TAGS];
	struct way ip4[TAGS], ip6[TAGS][EXTS];
	struct filter ip6_routing[TAGS]
				 [EXTS - 1]; /* not at its destination yet */
} filters;

/* Without its optimizer, which breaks filters whose offsets nest three deep (1.10.3). */
__attribute__((format(printf, 2, 3))) static void compile(struct filter *f,
							  const char *fmt, ...)
{
	static pcap_t *pcap;
	char text[TEXT];
	va_list args;
	int n;

	if (!pcap)
		pcap = pcap_open_dead(DLT_EN10MB, 65535);
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!pcap || n < 0 || (size_t)n >= sizeof(text) ||
	    pcap_compile(pcap, &f->prog, text, 0, PCAP_NETMASK_UNKNOWN)) {
		fprintf(stderr, "libpcap does not take '%s': %s\n", text,
			pcap ? pcap_geterr(pcap) : "no handle");
		abort();
	}
	f->text = strdup(text);
}

static bool matches(const struct filter *f, const unsigned char *data,
		    size_t len)
{
	struct pcap_pkthdr hdr = { .caplen = (bpf_u_int32)len,
				   .len = (bpf_u_int32)len };

	return pcap_offline_filter(&f->prog, &hdr, data) != 0;
}

/*
 * Expressions. @at: where the transport header is, @rest: how many bytes of the
 * datagram are left from there on.
 */
static const char *const l4_ok[L4_KINDS] = {
	[L4_ANY] = "len >= 0",
	[L4_UDP] =
		"%2$s >= 8 and ether[%1$s + 4:2] >= 8 and ether[%1$s + 4:2] <= %2$s",
	[L4_TCP] =
		"%2$s >= 20 and (ether[%1$s + 12] >> 4) * 4 >= 20 and (ether[%1$s + 12] >> 4) * 4 <= %2$s",
	[L4_ICMP] = "%2$s >= 8",
};
static const unsigned int proto4[L4_KINDS] = { 0, IPPROTO_UDP, IPPROTO_TCP,
					       IPPROTO_ICMP };
static const unsigned int proto6[L4_KINDS] = { 0, IPPROTO_UDP, IPPROTO_TCP,
					       IPPROTO_ICMPV6 };
static const char *const value_of[L4_KINDS] = {
	[L4_UDP] = "ether[%1$s + 2:2]",
	[L4_TCP] = "ether[%1$s + 2:2]",
	[L4_ICMP] = "ether[%1$s]",
};
static const char *const length_of[L4_KINDS] = {
	[L4_UDP] = "(ether[%1$s + 4:2] - 8)",
	[L4_TCP] = "(%2$s - (ether[%1$s + 12] >> 4) * 4)",
	[L4_ICMP] = "(%2$s - 8)",
};

/* Append; nothing is cut off unnoticed. */
__attribute__((format(printf, 3, 4))) static void append(char *buf, size_t size,
							 const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf + len, size - len, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= size - len)
		abort();
}

#define write_text(buf, ...) \
	(*(buf) = '\0', append(buf, sizeof(buf), __VA_ARGS__))
#define append_text(buf, ...) append(buf, sizeof(buf), __VA_ARGS__)

/* The tags in front: EtherTypes at 12, 16, 20. */
static void expect_tags(char *text, size_t size, int tags)
{
	int i;

	*text = '\0';
	for (i = 0; i < tags; i++)
		append(text, size,
		       "(ether[%d:2] = 0x8100 or ether[%d:2] = 0x88a8) and ",
		       12 + 4 * i, 12 + 4 * i);
	append(text, size, "ether[%d:2] != 0x8100 and ether[%d:2] != 0x88a8",
	       12 + 4 * i, 12 + 4 * i);
}

/* @any: that there is a datagram, @next: the field with its protocol, of @protos */
static void compile_way(struct way *way, const char *any, const char *ip,
			const char *next, const unsigned int *protos,
			const char *at, const char *rest)
{
	char text[TEXT / 2];
	int kind, bit;

	compile(&way->ok[L4_ANY], "%s", any);
	for (kind = 1; kind < L4_KINDS; kind++) {
		write_text(text, l4_ok[kind], at, rest);
		compile(&way->ok[kind], "%s and %s = %u and %s", ip, next,
			protos[kind], text);
		for (bit = 0; bit < 16; bit++) {
			write_text(text, value_of[kind], at, rest);
			compile(&way->value[kind][bit], "%s & %d != 0", text,
				1 << bit);
			write_text(text, length_of[kind], at, rest);
			compile(&way->length[kind][bit], "%s & %d != 0", text,
				1 << bit);
		}
	}
}

static void compile_ip4(const char *front, int tags)
{
	char at[128], next[32], rest[256], ip[TEXT / 4];
	int l3 = 14 + 4 * tags;

	write_text(
		ip,
		"%s and ether[%d:2] = 0x0800 and len >= %d and ether[%d] >> 4 = 4 and (ether[%d] & 15) * 4 >= 20 and ether[%d:2] >= (ether[%d] & 15) * 4 and len >= %d + ether[%d:2]",
		front, l3 - 2, l3 + 20, l3, l3, l3 + 2, l3, l3, l3 + 2);
	write_text(at, "(%d + (ether[%d] & 15) * 4)", l3, l3);
	write_text(next, "ether[%d]", l3 + 9);
	write_text(rest, "(ether[%d:2] - (ether[%d] & 15) * 4)", l3 + 2, l3);
	compile_way(&filters.ip4[tags], ip, ip, next, proto4, at, rest);
}

static void compile_ip6(const char *front, int tags)
{
	char at[TEXT / 8], text[TEXT / 8], next[TEXT / 8], rest[TEXT / 8],
		any[TEXT], ip[TEXT / 2];
	int l3 = 14 + 4 * tags, exts;

	write_text(
		ip,
		"%s and ether[%d:2] = 0x86dd and len >= %d and ether[%d] >> 4 = 6 and len >= %d + ether[%d:2]",
		front, l3 - 2, l3 + 40, l3, l3 + 40, l3 + 4);
	write_text(at, "%d", l3 + 40);
	write_text(next, "ether[%d]", l3 + 6);
	for (exts = 0; exts < EXTS; exts++) {
		write_text(rest, "(%d + ether[%d:2] - %s)", l3 + 40, l3 + 4,
			   at);
		write_text(any, "%s and %s != 0 and %s != 43 and %s != 60", ip,
			   next, next, next);
		compile_way(&filters.ip6[tags][exts], any, ip, next, proto6, at,
			    rest);
		if (exts == EXTS - 1)
			break;
		/* an extension header, all of it in the datagram; hop-by-hop only first */
		append_text(
			ip,
			" and (%s = %d or %s = 43 or %s = 60) and %s >= 8 and ether[%s + 1] * 8 + 8 <= %s",
			next, exts ? 60 : 0, next, next, rest, at, rest);
		compile(&filters.ip6_routing[tags][exts],
			"%s and %s = 43 and ether[%s + 3] != 0", ip, next, at);
		append_text(ip, " and (%s != 43 or ether[%s + 3] = 0)", next,
			    at);
		write_text(next, "ether[%s]", at);
		write_text(text, "(%s + ether[%s + 1] * 8 + 8)", at, at);
		memcpy(at, text, sizeof(at));
	}
}

static void compile_all(void)
{
	char front[512];
	int tags, l3;

	for (tags = 0; tags < TAGS; tags++) {
		l3 = 14 + 4 * tags;
		expect_tags(front, sizeof(front), tags);
		compile(&filters.tags[tags], "%s", front);
		compile(&filters.arp[tags],
			"%s and ether[%d:2] = 0x0806 and len >= %d and ether[%d:2] = 1 and ether[%d:2] = 0x0800 and ether[%d] = 6 and ether[%d] = 4",
			front, l3 - 2, l3 + 28, l3, l3 + 2, l3 + 4, l3 + 5);
		compile_ip4(front, tags);
		compile_ip6(front, tags);
	}
}

/* What was found in a frame, by the parsers or by libpcap. */
struct answer {
	int tags; /* -1: not accepted, and so on */
	bool arp, ip4, ip6, routing;
	int l4; /* 0, or which L4_* is well-formed */
	unsigned int value, length;
};

/* Is this the way through the headers of the frame? Then what is at its end. */
static bool ask_way(const struct way *way, const unsigned char *p, size_t len,
		    struct answer *a)
{
	int kind, bit;

	for (kind = 1; kind < L4_KINDS; kind++) {
		if (!matches(&way->ok[kind], p, len))
			continue;
		a->l4 = kind;
		for (bit = 0; bit < 16; bit++) {
			a->value |= (unsigned int)matches(
					    &way->value[kind][bit], p, len)
				    << bit;
			a->length |= (unsigned int)matches(
					     &way->length[kind][bit], p, len)
				     << bit;
		}
	}
	return matches(&way->ok[L4_ANY], p, len);
}

static struct answer ask_pcap(const unsigned char *p, size_t len)
{
	struct answer a = { .tags = -1 };
	int t, e;

	for (t = 0; t < TAGS; t++) {
		if (!matches(&filters.tags[t], p, len))
			continue;
		a.tags = t;
		a.arp = matches(&filters.arp[t], p, len);
		a.ip4 = ask_way(&filters.ip4[t], p, len, &a);
		for (e = 0; e < EXTS; e++) {
			a.ip6 |= ask_way(&filters.ip6[t][e], p, len, &a);
			if (e < EXTS - 1)
				a.routing |= matches(&filters.ip6_routing[t][e],
						     p, len);
		}
	}
	a.ip6 |= a.routing;
	return a;
}

static void parse_l4(struct hwirq_cursor *cur, __u8 proto, __u8 icmp_proto,
		     __u32 len, struct answer *a)
{
	struct hwirq_icmp *icmp;
	struct tcphdr *tcp;
	struct udphdr *udp;
	__u32 rest = 0;

	if (proto == IPPROTO_UDP && !hwirq_parse_udp(cur, len, &udp, &rest)) {
		a->l4 = L4_UDP;
		a->value = (__u16)bpf_ntohs(udp->dest);
	} else if (proto == IPPROTO_TCP &&
		   !hwirq_parse_tcp(cur, len, &tcp, &rest)) {
		a->l4 = L4_TCP;
		a->value = (__u16)bpf_ntohs(tcp->dest);
	} else if (proto == icmp_proto &&
		   !hwirq_parse_icmp(cur, len, &icmp, &rest)) {
		a->l4 = L4_ICMP;
		a->value = icmp->type;
	}
	a->length = rest;
	/* what was promised is there */
	assert_true((char *)cur->pos + rest <= (char *)cur->end || !a->l4);
}

static struct answer ask_parsers(unsigned char *p, size_t len)
{
	struct hwirq_cursor cur = { p, p + len };
	struct answer a = { .tags = -1 };
	struct hwirq_arp *arp;
	struct ipv6hdr *ip6;
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 type;
	__u32 rest;
	__u8 proto;

	if (hwirq_parse_eth(&cur, &eth, &type))
		return a;
	a.tags = hwirq_parse_vlan(&cur, &type);
	if (a.tags < 0)
		a.tags = -1;
	else if (type == bpf_htons(ETH_P_ARP))
		a.arp = !hwirq_parse_arp(&cur, &arp);
	else if (type == bpf_htons(ETH_P_IP))
		a.ip4 = !hwirq_parse_ipv4(&cur, &ip, &rest);
	else if (type == bpf_htons(ETH_P_IPV6))
		a.ip6 = !hwirq_parse_ipv6(&cur, &ip6, &proto, &rest);
	if (a.ip4)
		parse_l4(&cur, ip->protocol, IPPROTO_ICMP, rest, &a);
	if (a.ip6) {
		a.routing = proto == IPPROTO_ROUTING;
		parse_l4(&cur, proto, IPPROTO_ICMPV6, rest, &a);
	}
	return a;
}

/* Of frame_random()'s datagrams, some become TCP or ICMP, mostly well-formed. */
static void other_protocol(struct frame *f)
{
	static const unsigned char protos[] = { IPPROTO_TCP, IPPROTO_ICMP,
						IPPROTO_ICMPV6 };
	unsigned char proto = protos[rng_below(3)];
	bool v6 = f->l3 + 40 <= f->len && f->data[f->l3] >> 4 == 6;

	if (!f->l4 || f->l4 + 14 > f->len || !rng_below(2))
		return;
	if (!v6)
		f->data[f->l3 + 9] = proto;
	else if (f->data[f->l3 + 6] == IPPROTO_UDP)
		f->data[f->l3 + 6] = proto;
	if (proto == IPPROTO_TCP)
		f->data[f->l4 + 12] = (unsigned char)((4 + rng_below(5)) << 4);
}

static void print_frame(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(stderr, "%02x", p[i]);
	fputc('\n', stderr);
}

static void same_answers(void **state)
{
	unsigned long n = rng_start("pcap.same_answers", 1000000), i;
	unsigned long l4[L4_KINDS] = { 0 }, tagged = 0, arps = 0, routing = 0,
		      none = 0;
	struct answer a, b;
	struct frame f;
	unsigned char *p;

	(void)state;
	compile_all();
	for (i = 0; i < n; i++) {
		memset(&f, 0, offsetof(struct frame, data));
		f.l3 = f.l4 = 0;
		frame_random(&f);
		other_protocol(&f);
		if (rng_below(3))
			frame_mutate(&f);
		if (!f.len)
			continue;
		p = frame_exact(&f);
		a = ask_parsers(p, f.len);
		b = ask_pcap(p, f.len);
		if (a.tags != b.tags || a.arp != b.arp || a.ip4 != b.ip4 ||
		    a.ip6 != b.ip6 || a.routing != b.routing || a.l4 != b.l4 ||
		    a.value != b.value || a.length != b.length) {
			fprintf(stderr, "frame %lu of %zu bytes:\n", i, f.len);
			print_frame(p, f.len);
			fail_msg(
				"parsers: tags %d arp %d ip4 %d ip6 %d routing %d l4 %d value %u length %u; libpcap: %d %d %d %d %d %d %u %u",
				a.tags, a.arp, a.ip4, a.ip6, a.routing, a.l4,
				a.value, a.length, b.tags, b.arp, b.ip4, b.ip6,
				b.routing, b.l4, b.value, b.length);
		}
		l4[a.l4]++;
		tagged += a.tags > 0;
		arps += a.arp;
		routing += a.routing;
		none += a.tags < 0 || !(a.arp || a.ip4 || a.ip6);
		free(p);
	}
	printf("pcap.same_answers: %lu frames: %lu UDP, %lu TCP, %lu ICMP, %lu ARP, %lu tagged, %lu on their way, %lu refused\n",
	       n, l4[L4_UDP], l4[L4_TCP], l4[L4_ICMP], arps, tagged, routing,
	       none);
	/* each kind, or the comparison says little */
	if (n >= 10000)
		assert_true(l4[L4_UDP] && l4[L4_TCP] && l4[L4_ICMP] && arps &&
			    tagged && routing && none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_answers),
	};

	return run_group("pcap", tests);
}
