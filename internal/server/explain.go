package server

import (
	"fmt"
	"io"
)

// explain tells whoever started a new server how to use it.
func explain(out io.Writer, dir string, b Bootstrap) error {
	_, err := fmt.Fprintf(out, `Interim is new here. It made a Super Administrator with a credential, in %[1]s/bootstrap.json.

  URL        %[2]s
  Reference  %[2]s/docs
  CA         %[3]s

With curl:
  curl --cacert %[3]s -H "Authorization: Bearer $(interim admin token --data %[1]s)" %[2]s/api/v1/auth/introspect

With cone, Terraform and whatever uses ConductorOne's SDKs: they read who and where from their environment.
  eval "$(interim admin env --data %[1]s)"
  cone whoami

`, dir, b.URL, b.CAFile)
	return err
}
