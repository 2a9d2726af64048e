package misc_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// azureTypes are the properties of the Azure resources in our Bicep files, by their place
// in the files, with the kind of each; "!" marks a required property. From the type
// definitions of @azure/arm-compute 24.1.0 (MIT): Gallery, GalleryApplicationProperties,
// GalleryApplicationVersionProperties and the types in them, VMGalleryApplication,
// VirtualMachineExtensionProperties; and of @azure/arm-hybridcompute 3.0.0 (MIT, API
// version 2021-05-20): MachineExtensionProperties, without what only a response has.
func azureTypes() map[string]string {
	return map[string]string{
		"Microsoft.Compute/galleries":                                                                   "",
		"Microsoft.Compute/galleries/applications: properties":                                          "description:string eula:string privacyStatementUri:string releaseNoteUri:string endOfLifeDate:string supportedOSType:string! customActions:array",
		"Microsoft.Compute/galleries/applications/versions: properties":                                 "publishingProfile:object! safetyProfile:object",
		"Microsoft.Compute/galleries/applications/versions: properties publishingProfile":               "source:object! manageActions:object settings:object advancedSettings:object enableHealthCheck:bool customActions:array targetRegions:array replicaCount:int excludeFromLatest:bool endOfLifeDate:string storageAccountType:string replicationMode:string targetExtendedLocations:array storageAccountStrategy:string",
		"Microsoft.Compute/galleries/applications/versions: properties publishingProfile source":        "mediaLink:string! defaultConfigurationLink:string",
		"Microsoft.Compute/galleries/applications/versions: properties publishingProfile manageActions": "install:string! remove:string! update:string",
		"Microsoft.Compute/galleries/applications/versions: properties publishingProfile targetRegions": "name:string! regionalReplicaCount:int storageAccountType:string encryption:object excludeFromLatest:bool additionalReplicaSets:array",
		"applicationProfile":                                               "galleryApplications:array",
		"applicationProfile: galleryApplications":                          "tags:string order:int packageReferenceId:string! configurationReference:string treatFailureAsDeploymentFailure:bool enableAutomaticUpgrade:bool",
		"Microsoft.Compute/virtualMachines/extensions: properties":         extensionTypes,
		"Microsoft.Compute/virtualMachineScaleSets/extensions: properties": extensionTypes,
		"Microsoft.HybridCompute/machines/extensions: properties":          "forceUpdateTag:string publisher:string type:string typeHandlerVersion:string autoUpgradeMinorVersion:bool settings:object protectedSettings:object",
	}
}

const extensionTypes = "forceUpdateTag:string publisher:string type:string typeHandlerVersion:string autoUpgradeMinorVersion:bool enableAutomaticUpgrade:bool settings:object protectedSettings:object suppressFailures:bool protectedSettingsFromKeyVault:object provisionAfterExtensions:array"

// bicepObject is an object of a Bicep file: its place, and the kinds of its properties, ""
// if the value does not show one.
type bicepObject struct {
	place string
	kinds map[string]string
}

// bicepObjects reads the objects of resources and outputs. Our files have one property per
// line.
func bicepObjects(text string) (all []bicepObject) {
	params := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^param (\w+) (\w+)`).FindAllStringSubmatch(text, -1) {
		params[m[1]] = m[2]
	}
	begins := regexp.MustCompile(`^(?:resource \w+ '([\w./]+)@[\d-]+'(?: existing)?|output (\w+) object) = \{$`)
	property := regexp.MustCompile(`^ +(\w+): (.+)$`)
	var open []int // the objects that lines stand in
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := begins.FindStringSubmatch(line); m != nil {
			all = append(all, bicepObject{m[1] + m[2], map[string]string{}})
			open = []int{len(all) - 1}
			continue
		}
		if len(open) == 0 {
			continue
		}
		in := all[open[len(open)-1]]
		m := property.FindStringSubmatch(line)
		switch strings.TrimSpace(line) {
		case "}":
			open = open[:len(open)-1]
		case "{", "]": // an element of a list, whose place is the list's
		default:
			if m == nil {
				continue
			}
			in.kinds[m[1]] = kindOf(m[2], params)
			if last := m[2][len(m[2])-1]; last == '{' || last == '[' {
				place := in.place + ": " + m[1]
				if strings.Contains(in.place, ": ") {
					place = in.place + " " + m[1]
				}
				all = append(all, bicepObject{place, map[string]string{}})
				open = append(open, len(all)-1)
			}
		}
	}
	return all
}

func kindOf(value string, params map[string]string) string {
	switch {
	case params[value] != "":
		return params[value]
	case value == "true" || value == "false":
		return "bool"
	case regexp.MustCompile(`^\d+$`).MatchString(value):
		return "int"
	case value == "{":
		return "object"
	case value == "[":
		return "array"
	case strings.HasPrefix(value, "'") || strings.HasPrefix(value, "loadTextContent(") || strings.HasSuffix(value, ".id"):
		return "string"
	case strings.HasPrefix(value, "empty(") && strings.Contains(value, " ? null : "):
		return kindOf(value[strings.LastIndex(value, " ")+1:], params)
	}
	return ""
}

// TestBicepTypes compares the properties in our Bicep files with the types that Azure
// publishes for its own clients: names, kinds, and that no required one is missing. There
// is no Bicep compiler in these tests.
func TestBicepTypes(t *testing.T) {
	files, err := filepath.Glob("bicep/*.bicep")
	if err != nil {
		t.Fatal(err)
	}
	types, seen := azureTypes(), map[string]bool{}
	for _, file := range append(files, "vm-application/gallery.bicep") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range bicepObjects(string(content)) {
			fields, ok := types[o.place]
			if !ok {
				if strings.Contains(o.place, ": ") { // the properties of a resource, or what they hold
					t.Errorf("%s: no type is known at %q", file, o.place)
				}
				continue
			}
			seen[o.place] = true
			for _, wrong := range o.against(strings.Fields(fields)) {
				t.Errorf("%s: %s: %s", file, o.place, wrong)
			}
		}
	}
	for place := range types {
		if !seen[place] {
			t.Errorf("no file of ours has %q", place)
		}
	}
}

// against is what an object has that its type does not, and what it lacks.
func (o bicepObject) against(fields []string) (wrong []string) {
	top := []string{"parent", "name", "location", "properties"}
	kinds := map[string]string{}
	for _, field := range fields {
		name, kind, _ := strings.Cut(field, ":")
		kinds[name] = strings.TrimSuffix(kind, "!")
		if _, there := o.kinds[name]; strings.HasSuffix(kind, "!") && !there {
			wrong = append(wrong, name+" is missing")
		}
	}
	for name, kind := range o.kinds {
		switch want := kinds[name]; {
		case want == "" && !(len(fields) == 0 && slices.Contains(top, name)):
			wrong = append(wrong, name+" is no property of it")
		case want != "" && kind != want:
			wrong = append(wrong, name+" is given as "+kind+", and is of the kind "+want)
		}
	}
	return wrong
}
