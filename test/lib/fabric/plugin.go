package fabric

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

const pluginVersion = "2015-09-01"

// plugin answers the agent's requests on port 32526.
func (f *Fabric) plugin(r *http.Request, body []byte) answer {
	switch r.Method + " " + r.URL.Path {
	case "GET /versions":
		return ok("application/json", `["`+pluginVersion+`"]`)
	case "GET /health":
		return answer{status: http.StatusOK}
	case "GET /vmSettings":
		return f.fastGoal(r)
	case "PUT /status":
		return f.pluginStatus(r, body)
	case "GET /extensionArtifact": // if the agent could not download by itself
		place, ours := strings.CutPrefix(r.Header.Get("x-ms-artifact-location"), base)
		if a, found := f.artifact(place); ours && found {
			return a
		}
		return wrong(http.StatusNotFound, "there is no artifact %q", r.Header.Get("x-ms-artifact-location"))
	}
	return wrong(http.StatusNotFound, "the HostGAPlugin has nothing there")
}

func (f *Fabric) fastGoal(r *http.Request) answer {
	if w := versioned(r, pluginVersion); w != "" {
		return wrong(http.StatusBadRequest, "%s", w)
	}
	if r.Header.Get("x-ms-containerid") != containerID || r.Header.Get("x-ms-host-config-name") != configName {
		return wrong(http.StatusGone, "it is for another container")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.fastTrack {
		return answer{status: http.StatusNotFound} // like a host that is too old: the agent asks again hours later
	}
	if r.Header.Get("if-none-match") == f.etag() {
		return answer{status: http.StatusNotModified, header: map[string]string{"ETag": f.etag()}}
	}
	text, err := f.vmSettings()
	if err != nil {
		return wrong(http.StatusInternalServerError, "%v", err)
	}
	f.served = max(f.served, f.fast.generation)
	a := ok("application/json", text)
	a.header = map[string]string{"ETag": f.etag()}
	return a
}

// pluginStatus accepts a status that has to be written to the blob.
func (f *Fabric) pluginStatus(r *http.Request, body []byte) answer {
	if w := versioned(r, pluginVersion); w != "" {
		return wrong(http.StatusBadRequest, "%s", w)
	}
	f.mu.Lock()
	refuse := f.refuse
	f.mu.Unlock()
	if refuse {
		return answer{status: http.StatusBadGateway}
	}
	var upload struct {
		Content, RequestURI string
		Headers             []struct{ HeaderName, HeaderValue string }
	}
	if err := json.Unmarshal(body, &upload); err != nil {
		return wrong(http.StatusBadRequest, "%v", err)
	}
	if upload.RequestURI != statusBlob {
		return wrong(http.StatusForbidden, "the status is for %s", upload.RequestURI)
	}
	content, err := base64.StdEncoding.DecodeString(upload.Content)
	if err != nil {
		return wrong(http.StatusBadRequest, "%v", err)
	}
	return f.take(content, ViaPlugin)
}

// blob accepts a status that is written to the storage directly.
func (f *Fabric) blob(r *http.Request, body []byte) answer {
	if r.URL.RawQuery != blobQuery {
		return wrong(http.StatusForbidden, "the signature of the blob's address is missing")
	}
	if r.Header.Get("x-ms-blob-type") != "BlockBlob" {
		return wrong(http.StatusBadRequest, "the blob is a %q", r.Header.Get("x-ms-blob-type"))
	}
	a := f.take(body, ViaBlob)
	if a.status == http.StatusOK {
		a.status = http.StatusCreated
	}
	return a
}
