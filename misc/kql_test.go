package misc_test

import (
	"fmt"
	"slices"
	"strings"
)

// query is the part of KQL that our queries over Azure Resource Graph use: conditions on
// each row, and at most one join with rows that have conditions of their own. A row is a
// resource in Resource Graph's form.
type query struct {
	where  []string // before the join
	joined []string // of the rows that are joined by the id of their machine
	after  []string // behind the join; the word extension is the joined row's name
}

// parseQuery parses a query. Operators that do not decide which rows there are (extend,
// project, order, summarize) are left out.
func parseQuery(text string) (q query) {
	part := &q.where
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch condition, is := strings.CutPrefix(line, "| where "); {
		case is:
			*part = append(*part, condition)
		case strings.HasPrefix(line, "| join kind=leftouter ("):
			part = &q.joined
		case line == ") on key":
			part = &q.after
		}
	}
	return q
}

// rows are the ids of the resources that a query names.
func (q query) rows(all []map[string]any) (ids []string) {
	extension := map[string]string{}
	for _, r := range all {
		if owner, _, is := strings.Cut(strings.ToLower(r["id"].(string)), "/extensions/"); is && len(q.joined) > 0 && holds(q.joined, r, "") {
			extension[owner] = r["name"].(string)
		}
	}
	for _, r := range all {
		id := r["id"].(string)
		if holds(q.where, r, "") && holds(q.after, r, extension[strings.ToLower(id)]) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func holds(conditions []string, row map[string]any, extension string) bool {
	for _, c := range conditions {
		if !evaluate(c, row, extension) {
			return false
		}
	}
	return true
}

// evaluate reports whether a row fulfils a condition. It panics on anything that it does
// not know, so that nothing is overlooked.
func evaluate(condition string, row map[string]any, extension string) bool {
	e := &expression{tokens: token.FindAllString(condition, -1), row: row, extension: extension}
	value := e.or()
	if len(e.tokens) > 0 {
		panic(fmt.Sprintf("%s: %q is left over", condition, e.tokens))
	}
	return value
}

type expression struct {
	tokens    []string
	row       map[string]any
	extension string
}

func (c *expression) next() string {
	t := c.tokens[0]
	c.tokens = c.tokens[1:]
	return t
}

func (c *expression) is(word string) bool {
	if len(c.tokens) == 0 || c.tokens[0] != word {
		return false
	}
	c.next()
	return true
}

func (c *expression) want(word string) {
	if !c.is(word) {
		panic(fmt.Sprintf("%q where %q must be", c.tokens, word))
	}
}

func (c *expression) or() bool {
	value := c.and()
	for c.is("or") {
		other := c.and()
		value = value || other
	}
	return value
}

func (c *expression) and() bool {
	value := c.term()
	for c.is("and") {
		other := c.term()
		value = value && other
	}
	return value
}

func (c *expression) term() bool {
	switch {
	case c.is("not"):
		c.want("(")
		value := c.or()
		c.want(")")
		return !value
	case c.is("("):
		value := c.or()
		c.want(")")
		return value
	}
	for function, of := range map[string]func(any) bool{
		"isnull":    func(v any) bool { return v == nil },
		"isnotnull": func(v any) bool { return v != nil },
		"isempty":   func(v any) bool { return text(v) == "" },
	} {
		if c.is(function) {
			c.want("(")
			value := c.operand()
			c.want(")")
			return of(value)
		}
	}
	left := text(c.operand())
	switch op := c.next(); op {
	case "=~":
		return strings.EqualFold(left, text(c.operand()))
	case "!~":
		return !strings.EqualFold(left, text(c.operand()))
	case "contains":
		return strings.Contains(strings.ToLower(left), strings.ToLower(text(c.operand())))
	case "in~":
		c.want("(")
		found := false
		for {
			found = strings.EqualFold(left, text(c.operand())) || found
			if !c.is(",") {
				break
			}
		}
		c.want(")")
		return found
	default:
		panic("no such operator: " + op)
	}
}

// operand is a text, a column of the row, or a function that changes nothing here.
func (c *expression) operand() any {
	switch t := c.next(); {
	case t[0] == '\'':
		return t[1 : len(t)-1]
	case t == "tostring" || t == "tolower":
		c.want("(")
		value := text(c.operand())
		c.want(")")
		return value
	case t == "extension":
		return c.extension
	default:
		return column(c.row, t)
	}
}
