package c1

import (
	"context"
	"net/url"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
)

// webhookTyp shows what became of the call of a webhook. It reports whether the kind of the line is one of those.
func (s story) webhookTyp(v *taskv1.TaskAuditView, e task.Entry) bool {
	of := s.called(e)
	id, name, at, call := KSUID(of), s.webhooks[of].DisplayName, s.address(of), KSUID(word(e, "deliveryId"))
	switch e.Kind {
	case task.ApprovalCalled:
		v.Typ = &taskv1.TaskAuditView_WebhookApprovalTriggered{WebhookApprovalTriggered: &taskv1.TaskAuditWebhookApprovalTriggered{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	case task.ApprovalTried:
		v.Typ = &taskv1.TaskAuditView_WebhookApprovalAttempt{WebhookApprovalAttempt: &taskv1.TaskAuditWebhookApprovalAttempt{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	case task.ApprovalMisread:
		v.Typ = &taskv1.TaskAuditView_WebhookApprovalBadResponse{WebhookApprovalBadResponse: &taskv1.TaskAuditWebhookApprovalBadResponse{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call, Error: e.Comment,
		}}
	case task.ApprovalAnswered:
		v.Typ = &taskv1.TaskAuditView_WebhookApprovalSuccess{WebhookApprovalSuccess: &taskv1.TaskAuditWebhookApprovalSuccess{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	case task.ApprovalUnanswered:
		v.Typ = &taskv1.TaskAuditView_WebhookApprovalFatalError{WebhookApprovalFatalError: &taskv1.TaskAuditWebhookApprovalFatalError{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call, Error: e.Comment,
		}}
	case task.ProvisionCalled:
		v.Typ = &taskv1.TaskAuditView_WebhookTriggered{WebhookTriggered: &taskv1.TaskAuditWebhookTriggered{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	case task.ProvisionTried:
		v.Typ = &taskv1.TaskAuditView_WebhookAttempt{WebhookAttempt: &taskv1.TaskAuditWebhookAttempt{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	case task.ProvisionAnswered:
		v.Typ = &taskv1.TaskAuditView_WebhookSuccess{WebhookSuccess: &taskv1.TaskAuditWebhookSuccess{
			WebhookId: id, WebhookName: name, WebhookUrl: at, WebhookInstanceId: call,
		}}
	default:
		return false
	}
	return true
}

// called is the webhook of the step that a line speaks of; empty for none.
func (s story) called(e task.Entry) webhook.ID {
	i := s.steps[e.Step]
	switch {
	case word(e, "webhookId") != "":
		return webhook.ID(word(e, "webhookId"))
	case i.Step.Approval != nil:
		return webhook.ID(i.Step.Approval.WebhookID)
	}
	return webhook.ID(i.Means.Webhook)
}

// readWebhooks reads those that the lines speak of, deleted ones too, as they are now.
func (s *story) readWebhooks(ctx context.Context, d *Deps, lines []task.Entry) (err error) {
	var ids []webhook.ID
	for _, e := range lines {
		if of := s.called(e); of != "" {
			ids = append(ids, of)
		}
	}
	if len(ids) == 0 || d.Webhooks == nil {
		return nil
	}
	s.webhooks, err = d.Webhooks.Many(ctx, ids)
	return err
}

// address is where a webhook is. The threat: whoever sees a task sees its history, and the path and the query of an address may hold a
// secret of the receiver's. All of it is shown to those who could read the webhook.
func (s story) address(of webhook.ID) string {
	full := s.webhooks[of].URL
	if s.know.webhooks {
		return full
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
