package fabric

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"path"
	"strings"

	"aadssh/test/lib/box"
)

// The identity of the machine.
const (
	containerID = "5f1d3a2c-0000-4000-8000-000000000001"
	roleName    = "_vm"
	instanceID  = "5f1d3a2c-0000-4000-8000-000000000002." + roleName
	configName  = "5f1d3a2c-0000-4000-8000-000000000003.0.5f1d3a2c-0000-4000-8000-000000000002.0." + roleName + ".1.xml"
	wireVersion = "2012-11-30"
	base        = "http://" + box.WireServer
	blobPath    = "/statusblob"
	blobQuery   = "sv=2018-03-28&sig=rig"
)

// wireServer answers the agent's requests on port 80.
func (f *Fabric) wireServer(r *http.Request, body []byte) answer {
	q := r.URL.Query()
	route := r.Method + " " + r.URL.Path
	if comp := q.Get("comp"); comp != "" {
		route += "?comp=" + comp
	}
	switch route {
	case "GET /?comp=versions":
		return xmlDocument(`<Versions><Preferred><Version>2015-04-05</Version></Preferred><Supported><Version>2015-04-05</Version><Version>2012-11-30</Version></Supported></Versions>`)
	case "GET /machine/?comp=goalstate":
		if w := versioned(r, wireVersion); w != "" {
			return wrong(http.StatusBadRequest, "%s", w)
		}
		return xmlDocument(f.goalState())
	case "GET /machine/" + containerID + "/" + roleName + "?comp=config":
		if w := versioned(r, wireVersion); w != "" {
			return wrong(http.StatusBadRequest, "%s", w)
		}
		return f.config(q.Get("type"))
	case "GET /machine/" + containerID + "/" + roleName + "?comp=certificates":
		if w := versioned(r, wireVersion); w != "" {
			return wrong(http.StatusBadRequest, "%s", w)
		}
		text, err := f.keys.certificates(r.Header.Get("x-ms-guest-agent-public-x509-cert"), r.Header.Get("x-ms-cipher-name"))
		if err != nil {
			return wrong(http.StatusBadRequest, "%v", err)
		}
		return xmlDocument(text)
	case "POST /machine?comp=health", "POST /machine?comp=telemetrydata":
		if err := xml.Unmarshal(body, new(struct{})); err != nil {
			return wrong(http.StatusBadRequest, "%v", err)
		}
		f.report(body)
		return answer{status: http.StatusOK}
	case "POST /machine?comp=roleProperties":
		return answer{status: http.StatusAccepted}
	case "POST /HealthService":
		return answer{status: http.StatusOK}
	case "GET /families.xml": // of the agent itself: there is no newer one
		return xmlDocument(`<PluginVersionManifest><Plugins></Plugins></PluginVersionManifest>`)
	case "PUT " + blobPath:
		return f.blob(r, body)
	}
	if r.Method == http.MethodGet {
		if a, found := f.artifact(r.URL.Path); found {
			return a
		}
	}
	return wrong(http.StatusNotFound, "the WireServer has nothing there")
}

// artifact is a file in the storage from which extensions are downloaded.
func (f *Fabric) artifact(place string) (answer, bool) {
	name, found := strings.CutPrefix(place, "/extensions/")
	if !found || path.Dir(name) != "." {
		return answer{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var versions strings.Builder
	for _, p := range f.packages {
		if name == p.name+"__"+p.version+".zip" {
			return ok("application/octet-stream", string(p.zip)), true
		}
		if name == p.name+".xml" {
			fmt.Fprintf(&versions, `<Plugin><Version>%s</Version><Uris><Uri>%s/extensions/%s__%s.zip</Uri></Uris></Plugin>`, p.version, base, p.name, p.version)
		}
	}
	if versions.Len() > 0 {
		return xmlDocument(`<PluginVersionManifest><Plugins>` + versions.String() + `</Plugins><InternalPlugins/></PluginVersionManifest>`), true
	}
	return answer{}, false
}

func (f *Fabric) goalState() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	url := func(query string) string {
		return escape(fmt.Sprintf("%s:80/machine/%s/%s?%s&incarnation=%d", base, containerID, roleName, query, f.incarnation))
	}
	return fmt.Sprintf(`<GoalState xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="goalstate10.xsd">`+
		`<Version>%s</Version><Incarnation>%d</Incarnation><Machine><ExpectedState>Started</ExpectedState><LBProbePorts><Port>16001</Port></LBProbePorts></Machine>`+
		`<Container><ContainerId>%s</ContainerId><RoleInstanceList><RoleInstance><InstanceId>%s</InstanceId><State>Started</State><Configuration>`+
		`<HostingEnvironmentConfig>%s</HostingEnvironmentConfig><SharedConfig>%s</SharedConfig><ExtensionsConfig>%s</ExtensionsConfig>`+
		`<FullConfig>%s</FullConfig><Certificates>%s</Certificates><ConfigName>%s</ConfigName>`+
		`</Configuration></RoleInstance></RoleInstanceList></Container></GoalState>`,
		wireVersion, f.incarnation, containerID, instanceID,
		url("comp=config&type=hostingEnvironmentConfig"), url("comp=config&type=sharedConfig"), url("comp=config&type=extensionsConfig"),
		url("comp=config&type=fullConfig"), url("comp=certificates"), configName)
}

// config is one of the documents that the goal state refers to.
func (f *Fabric) config(kind string) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	const deployment = `<Deployment name="rig" guid="{00000000-0000-0000-0000-000000000001}" incarnation="0"/>` +
		`<Incarnation number="1" instance="` + roleName + `" guid="{00000000-0000-0000-0000-000000000002}"/>` +
		`<Role guid="{00000000-0000-0000-0000-000000000003}" name="` + roleName + `" hostingEnvironmentVersion="1" settleTimeSeconds="0"/>`
	switch kind {
	case "hostingEnvironmentConfig":
		return xmlDocument(fmt.Sprintf(`<HostingEnvironmentConfig version="1.0.0.0" goalStateIncarnation="%d">%s</HostingEnvironmentConfig>`, f.incarnation, deployment))
	case "sharedConfig":
		return xmlDocument(fmt.Sprintf(`<SharedConfig version="1.0.0.0" goalStateIncarnation="%d">%s<Instances><Instance id="%s" address="10.0.0.4"/></Instances></SharedConfig>`, f.incarnation, deployment, roleName))
	case "extensionsConfig":
		text, err := f.extensionsConfig()
		if err != nil {
			return wrong(http.StatusInternalServerError, "%v", err)
		}
		f.served = max(f.served, f.wire.generation)
		return xmlDocument(text)
	}
	return wrong(http.StatusNotFound, "there is no config %q", kind)
}

// report records what the agent reports to the platform.
func (f *Fabric) report(body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.telemetry = append(f.telemetry, string(body))
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder accepts everything
	return b.String()
}
