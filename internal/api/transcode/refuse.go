package transcode

import "net/http"

// Refuse answers err as the door answers a failed operation, for handlers of paths that are no operations.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	st := ToStatus(err)
	refuse(w, r, httpStatus(st.Code()), st)
}
