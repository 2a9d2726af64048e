package fabric

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ticks are .NET's: 100 ns since the year 1.
func ticks(t time.Time) int64 { return t.UnixNano()/100 + 621355968000000000 }

// The ids of a goal state.
const (
	activityID    = "555e551c-600e-4fb4-90ba-8ab8ec28eccc"
	correlationID = "400de90b-522e-491f-9d89-ec944661f531"
	statusBlob    = base + blobPath + "?" + blobQuery
)

func (e Extension) manifest() string { return base + "/extensions/" + e.Name + ".xml" }

// handlerSettings is one element of runtimeSettings.
func (f *Fabric) handlerSettings(s Settings) (map[string]any, error) {
	h := map[string]any{"publicSettings": s.Public}
	if s.Protected != nil {
		encrypted, err := f.keys.encrypt(s.Protected)
		if err != nil {
			return nil, err
		}
		h["protectedSettings"], h["protectedSettingsCertThumbprint"] = encrypted, f.keys.thumbprint
	}
	return h, nil
}

// extensionsConfig is the goal state in the WireServer's format.
func (f *Fabric) extensionsConfig() (string, error) {
	var plugins, settings strings.Builder
	for _, e := range f.wire.extensions {
		fmt.Fprintf(&plugins, `<Plugin name="%s" version="%s" location="%s" failoverlocation="%s" config="" state="%s" autoUpgrade="false" runAsStartupTask="false" isJson="true" useExactVersion="true"/>`,
			e.Name, e.Version, e.manifest(), e.manifest(), e.State)
		inner := ""
		if e.Level > 0 {
			inner = fmt.Sprintf(`<DependsOn dependencyLevel="%d"/>`, e.Level)
		}
		if e.Settings != nil {
			h, err := f.handlerSettings(*e.Settings)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(map[string]any{"runtimeSettings": []any{map[string]any{"handlerSettings": h}}})
			if err != nil {
				return "", err
			}
			inner += fmt.Sprintf(`<RuntimeSettings seqNo="%d">%s</RuntimeSettings>`, e.Sequence, escape(string(text)))
		}
		if inner != "" {
			fmt.Fprintf(&settings, `<Plugin name="%s" version="%s">%s</Plugin>`, e.Name, e.Version, inner)
		}
	}
	return fmt.Sprintf(`<Extensions version="1.0.0.0" goalStateIncarnation="%d"><GuestAgentExtension xmlns:i="http://www.w3.org/2001/XMLSchema-instance">`+
		`<GAFamilies><GAFamily><Name>Prod</Name><Uris><Uri>%s/families.xml</Uri></Uris></GAFamily></GAFamilies></GuestAgentExtension>`+
		`<Plugins>%s</Plugins><PluginSettings>%s</PluginSettings><StatusUploadBlob statusBlobType="BlockBlob">%s</StatusUploadBlob>`+
		`<InVMGoalStateMetaData inSvdSeqNo="%d" createdOnTicks="%d" activityId="%s" correlationId="%s"/></Extensions>`,
		f.incarnation, base, plugins.String(), settings.String(), escape(statusBlob), f.wire.generation, ticks(f.wire.created), activityID, correlationID), nil
}

// vmSettings is the goal state in the HostGAPlugin's format.
func (f *Fabric) vmSettings() (string, error) {
	source := "FastTrack"
	if f.fast.generation == 0 {
		source = "Fabric" // says that the WireServer's is newer
	}
	states := []any{}
	for _, e := range f.fast.extensions {
		state := map[string]any{
			"name": e.Name, "version": e.Version, "location": e.manifest(), "failoverLocation": e.manifest(), "state": e.State,
			"autoUpgrade": false, "runAsStartupTask": false, "isJson": true, "useExactVersion": true, "settingsSeqNo": e.Sequence, "isMultiConfig": false,
		}
		if e.Settings != nil {
			h, err := f.handlerSettings(*e.Settings)
			if err != nil {
				return "", err
			}
			if e.Settings.Public != nil {
				h["publicSettings"] = string(e.Settings.Public) // a string there
			}
			state["settings"] = []any{h}
		}
		if e.Level > 0 {
			state["dependsOn"] = []any{map[string]any{"dependencyLevel": e.Level, "dependsOnExtension": []any{}}}
		}
		states = append(states, state)
	}
	text, err := json.Marshal(map[string]any{
		"hostGAPluginVersion": "1.0.8.179", "vmSettingsSchemaVersion": "0.0", "activityId": activityID, "correlationId": correlationID,
		"inSvdSeqNo": f.fast.generation, "extensionsLastModifiedTickCount": ticks(f.fast.created), "extensionGoalStatesSource": source,
		"onHold": false, "statusUploadBlob": map[string]string{"statusBlobType": "BlockBlob", "value": statusBlob},
		"gaFamilies":          []any{map[string]any{"name": "Prod", "uris": []string{base + "/families.xml"}}},
		"extensionGoalStates": states,
	})
	return string(text), err
}

// etag is the ETag of the current vmSettings.
func (f *Fabric) etag() string { return fmt.Sprint(1000 + f.fast.generation) }
