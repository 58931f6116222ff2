/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rules.h - rules as text */
#ifndef DROP_FILTER_RULES_H
#define DROP_FILTER_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include "drop-filter.h"

struct rule_list {
	unsigned int count;
	struct filter_rule rules[FILTER_RULES_MAX];
};

/*
 * Add the rules of a text to a list: one a line, or several separated by ';';
 * empty ones do not count, and '#' begins a comment. README.md has the grammar.
 *
 * @source says where the text comes from, and @lines whether to number its lines.
 * On an error false is returned; what, where, and the word under which it lies has
 * gone to @errors then, and the list holds rules of unspecified number.
 */
bool rules_parse(struct rule_list *list, const char *text, const char *source,
		 bool lines, FILE *errors);

#endif /* DROP_FILTER_RULES_H */
