//go:build rig

package doctor_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// validate checks a document against a schema in misc/.
func validate(t testing.TB, schema string, document []byte) {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(source.Path(t, "misc/"+schema))
	stage.Must(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("misc/%s: %v\n%s", schema, err, document)
	}
}
