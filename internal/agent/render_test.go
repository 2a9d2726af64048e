package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"aadssh/internal/names"
)

// Markdown is the page docs/settings.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Settings

<!-- Rendered from internal/agent/table.go: UPDATE_GOLDEN=1 go test ./internal/agent -->

The extension needs no settings. All of these are optional. A setting that is
not in the list has no effect and is a warning in the status; one that is in the
list with a value that cannot be used ends the operation with code 53 before
anything is changed. Names and values are compared exactly. ` + "`null`" + ` and, for
text, ` + "`\"\"`" + ` are the same as leaving a setting out, so that a template can
pass them. A name that is there twice is 53, too: nobody can know which of the two is meant.

What ` + "`monitor`" + ` turns on is described in [the watch](watch.md).

The schema for editors and pipelines is ` + "[misc/settings.schema.json](../misc/settings.schema.json)" + `.

` + "```sh\naz vm extension set --publisher " + names.Ours().Publisher + " --name " + names.Ours().Type + " \\\n  --resource-group GROUP --vm-name NAME --settings settings.json --force-update\n```" + `

settings.json holds all of this machine's settings: setting the extension without
them drops them. Where there are protected settings, add
` + "`--protected-settings protected.json`" + `: they are dropped in the same way. Without
` + "`--force-update`" + ` the same settings may do nothing.

The agent reads the status of the extension only where it was set with settings,
and ` + "`{}`" + ` is enough for that.

## Public settings
`)
	writeRows(&b, rows())
	b.WriteString(`
## Protected settings

They are encrypted for the VM. Decrypting them needs the program ` + "`openssl`" + ` on it.
`)
	writeRows(&b, protectedRows())
	return b.String()
}

func writeRows(b *strings.Builder, table []*row) {
	b.WriteString("\n| setting | type | default | meaning |\n|---|---|---|---|\n")
	for _, r := range table {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.Name, r.Type, r.Default, r.Meaning)
	}
	for _, r := range table {
		fmt.Fprintf(b, "\n`%s` must be %s.\n\n```json\n%s\n```\n", r.Name, r.Allowed, r.Example)
	}
}

// Schema is misc/settings.schema.json: a JSON schema (draft 2020-12) of the public
// settings, with the schema of the protected ones in its $defs.
func Schema() []byte {
	root := objectSchema(rows())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Public settings of the VM extension " + names.Ours().Type
	root["description"] = "All are optional. Names that are not listed are allowed, have no effect, and are warned about."
	root["$defs"] = schema{"protectedSettings": objectSchema(protectedRows())}
	repository := root["properties"].(schema)["repository"].(schema)
	repository["if"] = schema{"properties": schema{"mode": schema{"const": "mirror"}}, "required": []string{"mode"}}
	repository["then"] = schema{"properties": schema{"baseUrl": schema{"type": "string", "minLength": 1}}, "required": []string{"baseUrl"}}
	repository["else"] = schema{"properties": schema{"baseUrl": schema{"enum": []any{"", nil}}}}

	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(root) // maps and texts alone: encoding them cannot fail
	return b.Bytes()
}

func objectSchema(table []*row) schema {
	properties := schema{}
	for _, r := range table {
		in, name := properties, r.Name
		if group, inner, nested := strings.Cut(r.Name, "."); nested {
			if properties[group] == nil {
				properties[group] = schema{"type": []string{"object", "null"}, "properties": schema{}}
			}
			in, name = properties[group].(schema)["properties"].(schema), inner
		}
		s := schema{"description": strings.ReplaceAll(r.Meaning, "`", "")}
		maps.Copy(s, r.Schema)
		in[name] = s
	}
	return schema{"type": []string{"object", "null"}, "properties": properties}
}
