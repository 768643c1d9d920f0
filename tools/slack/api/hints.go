package api

// Hint says what to do.
func (e *Error) Hint() string {
	if hint := e.tokenHint(); e.token && hint != "" {
		return hint
	}
	switch e.Kind {
	case UnknownChannel:
		return "Call slack_list_channels for what this account sees, or have somebody /invite it to a private channel."
	case UnknownMessage:
		return "Take the ts from slack_get_channel_history or slack_get_thread, or give the message's link."
	case UnknownThread:
		return "Take thread_ts from a message that has replies, as slack_get_channel_history shows it."
	case UnknownUser:
		return "Call slack_find_user with a part of the name."
	case UnknownFile:
		return "Take the file's id from slack_get_channel_history, and see whether it was deleted."
	case NotInChannel:
		return "Have somebody in the channel /invite this account or app, or join the channel where it is public."
	case ChannelArchived:
		return "Choose another channel, or have somebody unarchive this one."
	case ScopeMissing:
		return "Call connect_account with reconnect to allow it."
	case TokenRefused:
		return "Call connect_account with reconnect, or have the operator set a new SLACK_BOT_TOKEN."
	case UserTokenNeeded:
		return "Call connect_account with reconnect to act as a person, which a bot's token cannot."
	default:
		return e.otherHint()
	}
}

func (e *Error) otherHint() string {
	switch e.Kind {
	case Forbidden:
		if e.Slack == "cant_update_message" || e.Slack == "cant_delete_message" {
			return "Leave it to whoever wrote the message: this account did not, or Slack no longer lets it be changed."
		}
		return "Ask an administrator of the workspace for permission, or choose another conversation."
	case TooLong:
		return "Make the message shorter, or post it in parts with split."
	case InvalidBlocks:
		return "Mend what details.problems names, and call again."
	case Limited:
		return "Wait retry_after_seconds before the next call that needs Slack."
	case Away:
		return "Try again after retry_after_seconds."
	case Unreadable:
		return "Try once more, then give the time of the call to the operator."
	case AnswerTooLarge:
		return "Ask for less at once with a smaller limit."
	default:
		return e.refusedHint()
	}
}

// refusedHint tells by Slack's own code.
func (e *Error) refusedHint() string {
	switch e.Slack {
	case "invalid_cursor":
		return "Call again without cursor to begin anew."
	case "no_text", "no_query":
		return "Give a text that is not empty."
	case "invalid_ts_latest", "invalid_ts_oldest":
		return "Give since and until as times or spans such as 1d."
	case "file_type_not_allowed", "blocked_file_type", "file_uploads_disabled", "file_uploads_except_images_disabled",
		"file_upload_size_restricted", "storage_limit_reached":
		return "Post the content as text, or ask an administrator of the workspace."
	default:
		return "Check the arguments against what the tool describes."
	}
}

// tokenHint is what the owner of a token of a setting does.
func (e *Error) tokenHint() string {
	switch e.Kind {
	case ScopeMissing:
		return "Have the operator add that scope to the Slack app, install it again and set its new SLACK_BOT_TOKEN."
	case TokenRefused:
		return "Have the operator set a new SLACK_BOT_TOKEN."
	case UserTokenNeeded:
		return "Use slack_get_channel_history or slack_get_thread in its place, since SLACK_BOT_TOKEN is a bot's."
	default:
		return ""
	}
}
