package scim

import "maps"

type object = map[string]any

func supported(yes bool) object { return object{"supported": yes} }

// What we can do (RFC 7643 §5).
func (f *Feature) serviceProviderConfig() object {
	return object{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": f.Base + "/v1/",
		"patch":            supported(true),
		"bulk":             object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":           object{"supported": true, "maxResults": maxCount},
		"changePassword":   supported(false),
		"sort":             supported(false),
		"etag":             supported(false),
		"authenticationSchemes": []object{{
			"type": "oauthbearertoken", "name": "API key", "description": "Authorization: Bearer avk_…, with the scope scim and one employer.", "primary": true,
		}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": f.root() + "/ServiceProviderConfig"},
	}
}

func (f *Feature) userType() object {
	return object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":      "User", "name": "User", "endpoint": "/Users", "schema": schemaUser, "description": "A person of the employer.",
		"meta": object{"resourceType": "ResourceType", "location": f.root() + "/ResourceTypes/User"},
	}
}

// userSchema lists what is kept of a user; the rest of RFC 7643 §4.1 is ignored.
func (f *Feature) userSchema() object {
	return object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
		"id":      schemaUser, "name": "User", "description": "A person of the employer.",
		"attributes": []object{
			attribute("userName", "string", object{"required": true, "uniqueness": "server"}),
			attribute("name", "complex", object{"subAttributes": []object{attribute("givenName", "string", nil), attribute("familyName", "string", nil)}}),
			attribute("emails", "complex", object{"multiValued": true, "subAttributes": []object{
				attribute("value", "string", nil), attribute("type", "string", object{"canonicalValues": []string{"work", "home", "other"}}), attribute("primary", "boolean", nil),
			}}),
			attribute("active", "boolean", nil),
			attribute("preferredLanguage", "string", object{"canonicalValues": []string{"fi", "sv", "en"}}),
		},
		"meta": object{"resourceType": "Schema", "location": f.root() + "/Schemas/" + schemaUser},
	}
}

func attribute(name, kind string, more object) object {
	all := object{
		"name": name, "type": kind, "multiValued": false, "required": false, "caseExact": false, "mutability": "readWrite",
		"returned": "default", "uniqueness": "none",
	}
	maps.Copy(all, more)
	return all
}
