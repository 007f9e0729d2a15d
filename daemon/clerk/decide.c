/* SPDX-License-Identifier: BSD-2-Clause */
/* What a message becomes. */
#include "clerk/decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "clerk/message.h"
#include "clerk/recent.h"
#include "clerk/reply.h"
#include "clerk/route.h"
#include "text/claim.h"
#include "text/command.h"
#include "text/plan.h"
#include "text/understand.h"

#define MINUTE_US (INT64_C(60) * 1000000)
#define HOUR_US (60 * MINUTE_US)

static const struct {
	const char *state, *name[TONGUES];
} state_names[] = {
	{ "filed", { "待接收", "접수대기" } },
	{ "with_community", { "待社区接收", "사회구역 접수대기" } },
	{ "with_street", { "待街道接收", "가두 접수대기" } },
	{ "sent_to_department", { "待部门接收", "부문 접수대기" } },
	{ "refused_back", { "正在重新分派", "다시 배정중" } },
	{ "received", { "已接收待处理", "접수됨" } },
	{ "in_work", { "正在处理", "처리중" } },
	{ "waiting_extension", { "正在处理，已申请延期", "처리중, 연기신청" } },
	{ "extended", { "正在处理，已延期", "처리중, 연기됨" } },
	{ "rework", { "退回再办", "다시 처리중" } },
	{ "done_claimed", { "已办结待核实", "처리완료 확인대기" } },
	{ "community_reported", { "已办结待评价", "처리완료 평가대기" } },
	{ "street_evaluating", { "已办结待评价", "처리완료 평가대기" } },
	{ "closed", { "已完成", "완료" } },
	{ "told", { "已记下", "적어둠" } },
	{ "draft", { "待发布", "발표 준비중" } },
	{ "published", { "已发布，等人认领", "모집중" } },
	{ "claimed", { "已有人认领，还缺人", "일부 모집됨" } },
	{ "full", { "人已够", "다 모였음" } },
	{ "done", { "已完成", "완료" } },
	{ "archived", { "已完成", "완료" } },
	{ "withdrawn", { "已取消", "취소됨" } },
	{ "expired", { "到期没人认领", "기한 지남" } },
};

/* What happens with each kind of text that files nothing by itself. */
static const char *const quiet_verdicts[KIND_COUNT] = {
	[KIND_EMPTY] = "empty",
	[KIND_PUNCT] = "punct",
	[KIND_EMOJI] = "emoji",
	[KIND_LAUGH] = "laugh",
	[KIND_AD] = "ad",
	[KIND_OTP] = "otp",
	[KIND_AUTOREPLY] = "autoreply",
	[KIND_THANKS] = "thanks",
	[KIND_WRONG_NUMBER] = "wrong_number",
};

const char *
decide_state_name(const char *state, enum tongue tongue)
{
	for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++)
		if (strcmp(state_names[i].state, state) == 0)
			return state_names[i].name[tongue];
	return state;
}

static char *
keep(struct decide_context *c, const char *s)
{
	return arena_keep(c->arena, s, strlen(s));
}

/* ---- texts ---------------------------------------------------------------------------------- */

static bool
is_mail(const char *address)
{
	return strchr(address, '@') != NULL;
}

static void
say(struct decide_context *c, struct decision *d, enum template t, enum tongue tongue,
    enum decision_priority priority, const char *to, const struct reply_fields *fields)
{
	struct buffer body = { 0 };
	/* To a phone about a mail: by the phones' channel, from its own number. */
	bool same = is_mail(to) == is_mail(d->source) && !d->spoken;
	struct decision_out *o;

	/* what was spoken may come from a phone that gets no texts */
	if (d->out_count == DECISION_OUT_MAX || (d->spoken && !policy_can_text(c->policy, to)))
		return;
	o = &d->out[d->out_count++];
	reply_render(c->policy, t, tongue, fields, &body);
	*o = (struct decision_out){
		.template = t,
		.tongue = tongue,
		.priority = priority,
		.channel = same          ? d->channel
			   : is_mail(to) ? c->policy->mail_channel
					 : c->policy->phone_channel,
		.link = same && strcmp(to, d->source) == 0 ? d->link : "",
		.source = same ? d->destination : "",
		.destination = to,
		.body = arena_keep(c->arena, body.data, body.len),
		.number = d->number != 0 ? d->number : d->event_number,
		/* A reply a day late helps nobody; a notice may wait for a mended link. */
		.not_after_us = c->now_us + (priority == PRIORITY_REPLY ? 24 : 72) * HOUR_US,
	};
	buffer_clear(&body);
}

static void
answer(struct decide_context *c, struct decision *d, enum template t, const struct reply_fields *f)
{
	say(c, d, t, d->tongue, d->urgent ? PRIORITY_DANGER : PRIORITY_REPLY, d->source, f);
}

static const char *
number_text(struct decide_context *c, int64_t number)
{
	return arena_printf(c->arena, "%" PRId64, number);
}

static const char *
category_name(const struct decide_context *c, const char *code, enum tongue tongue)
{
	const struct policy_category *k = policy_category(c->policy, code);

	if (k == NULL)
		return tongue == TONGUE_KO ? "신고" : "来信";
	return k->name[tongue];
}

static const char *
unit_name(const struct decide_context *c, int64_t id, enum tongue tongue)
{
	const struct policy_unit *u = policy_unit(c->policy, id);

	return u != NULL ? u->name[tongue] : "";
}

static const char *
unit_phone(const struct decide_context *c, int64_t id)
{
	const struct policy_unit *u = policy_unit(c->policy, id);

	return u != NULL ? u->phone : "";
}

/* "天图社区3号楼2单元501", "천도사회구역 3동 2단원 501호". */
static const char *
address_text(struct decide_context *c, const struct decision *d, enum tongue tongue)
{
	const struct policy_unit *place = policy_unit(c->policy, d->place);
	const struct policy_unit *named =
	    place != NULL ? route_above(c->policy, place, "community") : NULL;
	bool ko = tongue == TONGUE_KO;
	struct buffer b = { 0 };
	const char *kept;

	if (named == NULL)
		named = place;
	if (named != NULL)
		buffer_add_string(&b, named->name[tongue]);
	if (d->building[0] != '\0')
		buffer_printf(&b, ko ? " %s동" : "%s号楼", d->building);
	if (d->entrance[0] != '\0')
		buffer_printf(&b, ko ? " %s단원" : "%s单元", d->entrance);
	if (d->room[0] != '\0')
		buffer_printf(&b, ko ? " %s호" : "%s", d->room);
	if (b.len == 0)
		buffer_add_string(&b, ko ? "주소 모름" : "地址不明");
	kept = arena_keep(c->arena, b.data, b.len);
	buffer_clear(&b);
	return kept;
}

/* Tells the one who has to know; "" as text leaves it out. */
static const struct policy_unit *
notify_unit(struct decide_context *c, struct decision *d, enum template t,
    const struct policy_unit *place, const char *text)
{
	const struct policy_unit *u = route_contact(c->policy, place);
	enum decision_priority priority = d->urgent ? PRIORITY_DANGER : PRIORITY_NOTICE;
	int64_t number = d->number != 0 ? d->number : d->event_number;
	enum tongue tongue;

	/* Who tells us need not be told: the next above. */
	while (u != NULL && strcmp(u->contact, d->source) == 0) {
		const struct policy_unit *above = policy_unit(c->policy, u->parent);
		const struct policy_unit *next =
		    above != NULL ? route_contact(c->policy, above) : NULL;
		u = next != u ? next : NULL;
	}
	if (u == NULL)
		return NULL;
	tongue = u->contact_tongue;
	say(c, d, t, tongue, priority, u->contact,
	    &(struct reply_fields){
		.number = number_text(c, number),
		.category = category_name(c, d->category, tongue),
		.unit = unit_name(c, d->unit, tongue),
		.address = address_text(c, d, tongue),
		.text = text,
	    });
	return u;
}

/* ---- filing --------------------------------------------------------------------------------- */

static void
take_address(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	const struct address *a = &u->address;
	int64_t place = a->units > 0 ? a->unit[0] : m->home_community;
	/* The sender's own door completes what he left out, unless he wrote of another place. */
	bool home = m->home_community != 0 && place == m->home_community &&
		    (a->building[0] == '\0' || strcmp(a->building, m->home_building) == 0);
	const struct policy_unit *at;

	d->building = a->building[0] == '\0' && home ? m->home_building : a->building;
	d->entrance = a->entrance[0] == '\0' && home ? m->home_entrance : a->entrance;
	d->room = a->room[0] == '\0' && home && a->entrance[0] == '\0' ? m->home_room : a->room;
	d->building = keep(c, d->building);
	d->entrance = keep(c, d->entrance);
	d->room = keep(c, d->room);
	d->landmark = arena_keep(
	    c->arena, m->text + a->landmark_at, a->landmark_len <= 384 ? a->landmark_len : 0);
	d->floor = a->floor;
	at = route_place(c->policy, place, d->building);
	d->place = at != NULL ? at->id : 0;
}

static void
remember(struct decide_context *c, const struct decision *d)
{
	struct recent_case r = { .number = d->number,
		.at_us = c->now_us,
		.text_hash = d->text_hash,
		.unit = d->unit,
		.wish = d->wish };

	snprintf(r.category, sizeof(r.category), "%s", d->category);
	snprintf(r.building, sizeof(r.building), "%s", d->building);
	r.place = d->place;
	recent_note_case(c->recent, d->phone, &r);
}

static void
tell_case(struct decide_context *c, struct decision *d, const char *masked)
{
	const struct policy_category *k = policy_category(c->policy, d->category);
	const struct policy_unit *place = policy_unit(c->policy, d->place), *told, *community;
	const char *emergency = k != NULL && k->emergency[0] != '\0' ? k->emergency : "110";
	bool clear = k != NULL;
	struct reply_fields f = {
		.number = number_text(c, d->number),
		.category = category_name(c, d->category, d->tongue),
		.unit = unit_name(c, d->unit, d->tongue),
		.phone = unit_phone(c, d->unit),
		.emergency = emergency,
	};

	answer(c, d,
	    d->urgent ? TEMPLATE_CASE_DANGER
	    : clear   ? TEMPLATE_CASE_FILED
		      : TEMPLATE_CASE_UNCLEAR,
	    &f);
	told = notify_unit(c, d,
	    d->urgent ? TEMPLATE_NOTICE_DANGER
	    : clear   ? TEMPLATE_NOTICE_CASE
		      : TEMPLATE_NOTICE_UNCLEAR,
	    place, masked);
	if (!d->urgent || told == NULL)
		return;
	/* Danger is told twice: the next above hears it too. */
	community = route_contact(c->policy, policy_unit(c->policy, told->parent));
	if (community != NULL && strcmp(community->contact, told->contact) != 0)
		notify_unit(c, d, TEMPLATE_NOTICE_DANGER, community, masked);
}

/* His open case of the same sort, elsewhere: a person shall say whether it is one matter. */
static void
suggest_same(struct decide_context *c, struct decision *d, const struct message *m)
{
	for (unsigned i = 0; i < m->case_count && d->category[0] != '\0'; i++) {
		const struct message_case *k = &m->cases[i];
		const struct policy_unit *to;

		if (strlen(d->category) != k->category_len ||
		    memcmp(d->category, k->category, k->category_len) != 0)
			continue;
		to = policy_unit(c->policy, d->place);
		to = to != NULL ? route_above(c->policy, to, "community") : NULL;
		to = to != NULL ? route_contact(c->policy, to) : NULL;
		if (to != NULL)
			say(c, d, TEMPLATE_NOTICE_SAME, to->contact_tongue, PRIORITY_NOTICE,
			    to->contact,
			    &(struct reply_fields){ .number = number_text(c, d->number),
				.parent = number_text(c, k->number) });
		return;
	}
}

static void
file(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u, bool wish)
{
	struct buffer masked = { 0 };
	const char *text;

	d->files = true;
	d->wish = wish;
	d->verdict = wish ? "wish" : "case";
	d->urgent = u->urgent && !wish;
	if (d->number == 0)
		d->number = c->next_number(c->arg);
	d->person = d->entered_by != 0 ? 0 : m->person;
	if (d->phone == NULL)
		d->phone = d->source;
	d->category = keep(c, u->first.code != NULL ? u->first.code : "");
	d->category2 = keep(c, u->unsure && u->second.code != NULL ? u->second.code : "");
	d->score = u->first.score;
	d->text = arena_keep(c->arena, m->text, m->text_len);
	take_address(c, d, m, u);
	/* A wish belongs to the community first (row 57), a case to whoever is responsible. */
	const struct policy_unit *unit =
	    route_responsible(c->policy, wish ? NULL : u->first.code, d->place, d->building);
	d->unit = unit != NULL ? unit->id : 0;
	reply_mask(u, m->text, m->text_len, &masked);
	text = arena_keep(c->arena, masked.data, masked.len);
	buffer_clear(&masked);
	if (wish) {
		answer(c, d, TEMPLATE_WISH_FILED,
		    &(struct reply_fields){ .number = number_text(c, d->number),
			.unit = unit_name(c, d->unit, d->tongue),
			.phone = unit_phone(c, d->unit) });
		notify_unit(c, d, TEMPLATE_NOTICE_WISH,
		    unit != NULL ? unit : policy_unit(c->policy, d->place), text);
	} else {
		tell_case(c, d, text);
		suggest_same(c, d, m);
	}
	remember(c, d);
}

/* ---- open cases ----------------------------------------------------------------------------- */

/* The open case that a question or a repetition means: of the same category, else the newest. */
static bool
pick_open(struct decide_context *c, const struct message *m, const char *category,
    struct message_case *out)
{
	const struct recent_case *r = recent_find(c->recent, m->source, c->now_us - 10 * MINUTE_US);

	if (r != NULL && (m->case_count == 0 || m->cases[0].number < r->number)) {
		*out = (struct message_case){ .number = r->number,
			.category = r->category,
			.category_len = strlen(r->category),
			.state = "filed",
			.state_len = 5,
			.unit = r->unit };
		if (category == NULL || strcmp(r->category, category) == 0 || m->case_count == 0)
			return true;
	}
	for (unsigned i = 0; i < m->case_count; i++) {
		const struct message_case *k = &m->cases[i];
		if (category == NULL || (strlen(category) == k->category_len &&
					    memcmp(category, k->category, k->category_len) == 0)) {
			*out = *k;
			return true;
		}
	}
	if (m->case_count > 0)
		*out = m->cases[0];
	return m->case_count > 0 || r != NULL;
}

static void
tell_progress(struct decide_context *c, struct decision *d, int64_t number, const char *category,
    const char *state, int32_t unit, const char *text)
{
	d->verdict = "progress";
	d->event_number = number;
	d->event_action = "chased";
	d->event_reason = text;
	d->category = category;
	d->unit = unit;
	if (strcmp(state, "closed") == 0) { /* nobody is to be hurried */
		d->event_action = "looked_up";
		answer(c, d, TEMPLATE_PROGRESS_CLOSED,
		    &(struct reply_fields){ .number = number_text(c, number),
			.category = category_name(c, category, d->tongue) });
		return;
	}
	answer(c, d, TEMPLATE_PROGRESS,
	    &(struct reply_fields){ .number = number_text(c, number),
		.category = category_name(c, category, d->tongue),
		.state = decide_state_name(state, d->tongue),
		.unit = unit_name(c, unit, d->tongue),
		.phone = unit_phone(c, unit) });
	notify_unit(c, d, TEMPLATE_NOTICE_CHASED, policy_unit(c->policy, unit), "");
}

static void
progress(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	struct message_case k;
	const char *text = arena_keep(c->arena, m->text, m->text_len);

	if (pick_open(c, m, u->first.code, &k)) {
		tell_progress(c, d, k.number, arena_keep(c->arena, k.category, k.category_len),
		    arena_keep(c->arena, k.state, k.state_len), k.unit, text);
	} else if (u->first.code != NULL) {
		/* It was told elsewhere, or long ago: somebody shall look. */
		file(c, d, m, u, false);
	} else {
		d->verdict = "progress";
		answer(c, d, TEMPLATE_PROGRESS_NONE, &(struct reply_fields){ 0 });
	}
}

static bool
is_own_number(const struct message *m, int64_t number)
{
	for (unsigned i = 0; i < m->case_count; i++)
		if (m->cases[i].number == number)
			return true;
	return false;
}

static void
number_asked(struct decide_context *c, struct decision *d, const struct message *m, int64_t number)
{
	d->event_reason = arena_keep(c->arena, m->text, m->text_len);
	for (unsigned i = 0; i < m->case_count; i++) {
		const struct message_case *k = &m->cases[i];
		if (k->number != number)
			continue;
		tell_progress(c, d, number, arena_keep(c->arena, k->category, k->category_len),
		    arena_keep(c->arena, k->state, k->state_len), k->unit, d->event_reason);
		return;
	}
	d->verdict = "lookup";
	d->look = LOOK_NUMBER;
	d->look_id = number;
}

/* Answers what was asked by number. A number that may be another figure, in a text that tells of
 * something, counts only when it is the sender's own: the text must not be lost for it. */
static bool
asked_by_number(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	int64_t number = (int64_t)u->number;
	bool asks = u->kind == KIND_CASE_NUMBER || u->kind == KIND_PROGRESS;

	if (u->number_state == UNDERSTANDING_NO_NUMBER)
		return false;
	if (u->number_state == UNDERSTANDING_MISTYPED) {
		if (asks)
			answer(c, d, TEMPLATE_NUMBER_MISTYPED,
			    &(struct reply_fields){
				.number = arena_keep(
				    c->arena, m->text + u->number_span.at, u->number_span.len) });
		return asks;
	}
	if (is_own_number(m, number))
		asks |= u->kind == KIND_CASE && !u->number_marked && !u->urgent;
	else if (!u->number_marked && u->first.code != NULL)
		return false;
	if (asks)
		number_asked(c, d, m, number);
	return asks;
}

void
decide_number(struct decide_context *c, const struct decide_known *known, struct decision *d)
{
	int64_t number = d->look_id;
	const char *text = d->event_reason;

	d->look = LOOK_NOTHING;
	d->event_reason = NULL;
	if (!known->found)
		answer(c, d, TEMPLATE_NUMBER_UNKNOWN,
		    &(struct reply_fields){ .number = number_text(c, number) });
	else
		tell_progress(c, d, number, keep(c, known->category), keep(c, known->state),
		    known->unit, text);
}

void
decide_late_part(struct decide_context *c, int64_t number, struct decision *d)
{
	d->look = LOOK_NOTHING;
	if (number != 0) {
		d->event_number = number;
		d->event_action = "added_text";
		return;
	}
	/* What it belongs to is gone: better a case without a beginning than nothing. */
	d->verdict = "case";
	d->files = true;
	d->number = c->next_number(c->arg);
	d->phone = d->source;
	d->text = d->event_reason;
	d->event_reason = NULL;
	const struct policy_unit *unit = route_responsible(c->policy, NULL, d->place, NULL);
	d->unit = unit != NULL ? unit->id : 0;
	tell_case(c, d, d->text);
}

/* ---- open cases, commands, dialog ----------------------------------------------------------- */

/* One of the two lies in the other, or nothing is known of one. */
static bool
same_place(const struct decide_context *c, int64_t a, int64_t b)
{
	const struct policy_unit *from_a = policy_unit(c->policy, a);
	const struct policy_unit *from_b = policy_unit(c->policy, b);
	const struct policy_unit *u;

	for (u = from_a; u != NULL && from_b != NULL; u = policy_unit(c->policy, u->parent))
		if (u->id == from_b->id)
			return true;
	for (u = from_b; u != NULL && from_a != NULL; u = policy_unit(c->policy, u->parent))
		if (u->id == from_a->id)
			return true;
	return from_a == NULL || from_b == NULL;
}

/* A second text about an open case is added to it: of the same sort and not of another house, or of
 * no sort and no place at all within a day. */
static bool
belongs(const struct decide_context *c, const struct message_case *k, const struct understanding *u)
{
	const struct address *a = &u->address;
	size_t len = u->first.code != NULL ? strlen(u->first.code) : 0;

	if (u->first.code == NULL)
		return a->units == 0 && a->building[0] == '\0' &&
		       c->now_us - k->filed_us < 24 * HOUR_US;
	if (len != k->category_len || memcmp(u->first.code, k->category, len) != 0)
		return false;
	if (a->units > 0 && !same_place(c, k->place, a->unit[0]))
		return false;
	return a->building[0] == '\0' || k->building_len == 0 ||
	       (strlen(a->building) == k->building_len &&
		   memcmp(a->building, k->building, k->building_len) == 0);
}

static void
add_text(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u, const struct message_case *k)
{
	struct buffer masked = { 0 };
	const char *text;

	d->verdict = "added";
	d->event_number = k->number;
	d->event_action = "added_text";
	d->event_reason = arena_keep(c->arena, m->text, m->text_len);
	d->category = arena_keep(c->arena, k->category, k->category_len);
	d->unit = k->unit;
	reply_mask(u, m->text, m->text_len, &masked);
	text = arena_keep(c->arena, masked.data, masked.len);
	buffer_clear(&masked);
	answer(c, d, TEMPLATE_CASE_ADDED,
	    &(struct reply_fields){
		.number = number_text(c, k->number), .unit = unit_name(c, k->unit, d->tongue) });
	notify_unit(c, d, TEMPLATE_NOTICE_ADDED, policy_unit(c->policy, k->unit), text);
}

/* A mail in the thread of a case: what is asked or told there is asked or told of that case. A
 * number that is merely claimed counts when the case is the sender's own. */
static bool
in_thread(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	int64_t about = message_protocol_number(m, "about");
	int64_t asked = message_protocol_number(m, "asked");
	struct buffer masked = { 0 };

	if (about == 0 && !is_own_number(m, asked))
		return false;
	d->look = LOOK_ABOUT;
	d->look_id = about != 0 ? about : asked;
	d->event_reason = arena_keep(c->arena, m->text, m->text_len);
	if (u->kind == KIND_PROGRESS || u->kind == KIND_CASE_NUMBER) {
		d->verdict = "progress";
		return true;
	}
	/* Thanks, a laugh or a picture without a word: written down, and nobody is called for it.
	 */
	d->verdict = quiet_verdicts[u->kind] != NULL ? quiet_verdicts[u->kind] : "added";
	reply_mask(u, m->text, m->text_len, &masked);
	d->text = arena_keep(c->arena, masked.data != NULL ? masked.data : "", masked.len);
	buffer_clear(&masked);
	return true;
}

void
decide_about(struct decide_context *c, const struct decide_known *known, struct decision *d)
{
	int64_t number = d->look_id;

	d->look = LOOK_NOTHING;
	if (!known->found) {
		answer(c, d, TEMPLATE_NUMBER_UNKNOWN,
		    &(struct reply_fields){ .number = number_text(c, number) });
		return;
	}
	if (strcmp(d->verdict, "progress") == 0) {
		tell_progress(c, d, number, keep(c, known->category), keep(c, known->state),
		    known->unit, d->event_reason);
		return;
	}
	d->event_number = number;
	d->event_action = "added_text";
	d->category = keep(c, known->category);
	d->unit = known->unit;
	if (strcmp(d->verdict, "added") != 0)
		return;
	answer(c, d, TEMPLATE_CASE_ADDED,
	    &(struct reply_fields){
		.number = number_text(c, number), .unit = unit_name(c, known->unit, d->tongue) });
	notify_unit(c, d, TEMPLATE_NOTICE_ADDED, policy_unit(c->policy, known->unit), d->text);
	d->text = "";
}

static bool
added(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	const struct recent_case *r = recent_find(c->recent, m->source, c->now_us - 10 * MINUTE_US);
	struct message_case just = { 0 };

	if (u->urgent || u->kind != KIND_CASE)
		return false;
	if (r != NULL && (m->case_count == 0 || m->cases[0].number < r->number)) {
		just = (struct message_case){ .number = r->number,
			.category = r->category,
			.category_len = strlen(r->category),
			.building = r->building,
			.building_len = strlen(r->building),
			.filed_us = r->at_us,
			.place = r->place,
			.unit = r->unit };
		if (belongs(c, &just, u)) {
			add_text(c, d, m, u, &just);
			return true;
		}
	}
	for (unsigned i = 0; i < m->case_count; i++)
		if (belongs(c, &m->cases[i], u)) {
			add_text(c, d, m, u, &m->cases[i]);
			return true;
		}
	return false;
}

/* Filed by staff for a resident: his telephone, when it is named, reports and is told. */
static void
file_for(struct decide_context *c, struct decision *d, const struct message *m,
    const struct command *command)
{
	struct understand_sender sender = { .language = m->language };
	struct message his = *m;
	struct understanding u;
	bool wish;

	his.text = step_command_text(c->arena, m, command);
	his.text_len = strlen(his.text);
	/* where he does not say it, it is where the grid worker or the community is */
	his.home_community = m->staff_level <= 2 ? m->staff_unit : 0;
	his.home_building = his.home_entrance = his.home_room = "";
	his.case_count = 0;
	understand(c->policy->lexicon, c->scratch, his.text, his.text_len, &sender, &u);
	wish = command->verb == COMMAND_WISH_FOR || u.kind == KIND_WISH;
	d->entered_by = m->person;
	d->phone = command->phone[0] != '\0' ? keep(c, command->phone) : d->source;
	file(c, d, &his, &u, wish);
	if (strcmp(d->phone, d->source) != 0)
		say(c, d, wish ? TEMPLATE_WISH_FILED : TEMPLATE_CASE_FILED, d->tongue,
		    PRIORITY_NOTICE, d->phone,
		    &(struct reply_fields){ .number = number_text(c, d->number),
			.category = category_name(c, d->category, d->tongue),
			.unit = unit_name(c, d->unit, d->tongue),
			.phone = unit_phone(c, d->unit) });
}

/* For staff a word of theirs counts before a claim: "接20046" may be a case. */
static bool
is_staff_word(const struct message *m)
{
	struct command command;

	return m->staff_level > 0 && command_parse(m->text, m->text_len, &command) &&
	       command.verb != COMMAND_NOTE;
}

/* Somebody comes to help with a wish, or cannot after all. Whether he may, the rules say; a text
 * that tells of trouble, or names a case of his, is none. */
static bool
claimed(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	bool known = m->volunteer || m->staff_level > 0;
	struct claim claim;
	struct plan plan;
	bool ok;

	if (u->urgent || (!known && u->first.code != NULL))
		return false;
	plan_init(&plan);
	ok = claim_parse(m->text, m->text_len, &claim, &plan) &&
	     claim.number_state != COMMAND_NO_NUMBER && !is_staff_word(m) &&
	     !is_own_number(m, (int64_t)claim.number) &&
	     (known || claim.number_state == COMMAND_NUMBER);
	if (ok && claim.number_state == COMMAND_MISTYPED)
		answer(c, d, TEMPLATE_NUMBER_MISTYPED,
		    &(struct reply_fields){ .number = number_text(c, (int64_t)claim.number) });
	else if (ok)
		step_from_claim(c->arena, m, &claim, &plan, &d->step);
	if (ok)
		d->verdict = "command";
	plan_clear(&plan);
	return ok;
}

/* A check-in at a door. What he found there is a case of its own, linked with the visit. Where the
 * text does not name the place it is in his own area. */
static void
visited(struct decide_context *c, struct decision *d, const struct message *m,
    const struct command *command)
{
	struct understand_sender sender = { .language = m->language };
	struct message there = *m;
	struct understanding u;

	there.text = step_command_text(c->arena, m, command);
	there.text_len = strlen(there.text);
	there.home_community = m->staff_unit;
	there.home_building = there.home_entrance = there.home_room = "";
	there.case_count = 0;
	understand(c->policy->lexicon, c->scratch, there.text, there.text_len, &sender, &u);
	if (u.kind == KIND_CASE && u.first.code != NULL && !step_visit_is_calm(there.text)) {
		d->entered_by = m->person;
		file(c, d, &there, &u, false);
	}
	step_from_visit(c->arena, there.text, &u, d->number, &d->step);
}


/* A resident may take back what he reported, and a volunteer ask for help and for the list. */
static bool
may_command(const struct message *m, const struct understanding *u, const struct command *command)
{
	if (m->staff_level > 0)
		return true;
	if (m->volunteer && (command->verb == COMMAND_HELP || command->verb == COMMAND_LIST))
		return true;
	return command->verb == COMMAND_WITHDRAW && command->number_state == COMMAND_NUMBER &&
	       m->case_count > 0 && m->text_len <= 60 && u->first.code == NULL;
}

/* A command of staff, or one of the few of others. */
static bool
commanded(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	struct command command;
	bool staff = m->staff_level > 0;

	if (!staff && !m->volunteer && m->case_count == 0)
		return false;
	if (!command_parse(m->text, m->text_len, &command)) {
		if (!staff || u->kind != KIND_CASE_NUMBER ||
		    u->number_state != UNDERSTANDING_NUMBER)
			return false;
		command = (struct command){
			.verb = COMMAND_LOOK, .number_state = COMMAND_NUMBER, .number = u->number
		};
	} else if (!may_command(m, u, &command)) {
		return false;
	}
	/* Danger is never anything but a report, unless it names a case. */
	if (u->urgent && command.number_state == COMMAND_NO_NUMBER &&
	    command.verb != COMMAND_REPORT_FOR && command.verb != COMMAND_VISIT)
		return false;
	d->verdict = "command";
	if (command.number_state == COMMAND_MISTYPED)
		answer(c, d, TEMPLATE_NUMBER_MISTYPED,
		    &(struct reply_fields){ .number = number_text(c, (int64_t)command.number) });
	else if (command.verb == COMMAND_REPORT_FOR || command.verb == COMMAND_WISH_FOR)
		file_for(c, d, m, &command);
	else if (command.verb == COMMAND_VISIT)
		visited(c, d, m, &command);
	else {
		step_from_command(c->arena, m, &command, &d->step);
		/* in the thread of a case its number need not be said */
		if (d->step.number == 0)
			d->step.number = message_protocol_number(m, "about");
	}
	return true;
}

/* What he has in the time bank; the rules know, and whose telephone it is. */
static bool
asks_balance(struct decision *d, const struct message *m, const struct understanding *u)
{
	if (u->kind == KIND_AD || u->kind == KIND_OTP || u->kind == KIND_AUTOREPLY ||
	    !command_balance(m->text, m->text_len))
		return false;
	d->verdict = "balance";
	d->step = (struct step){ .action = "balance", .word = "", .reason = "" };
	return true;
}

/* Something is open between us and him. */
static bool
spoken(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	int64_t merged, closed;

	if (step_from_dialog(c->arena, m, u, &d->step, &merged, &closed)) {
		d->verdict = "answer";
		return true;
	}
	if (merged != 0 && u->kind == KIND_CASE) {
		struct message_case k = { .number = merged,
			.category = u->first.code,
			.category_len = strlen(u->first.code) };
		add_text(c, d, m, u, &k);
		return true;
	}
	if (merged != 0 || (closed != 0 && m->case_count == 0)) {
		number_asked(c, d, m, merged != 0 ? merged : closed);
		return true;
	}
	return false;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* What was said is a recording: a case or wish to be written down. Of what nobody said anything in
 * only the number is known: it is called back. */
static void
file_call(struct decide_context *c, struct decision *d, const struct message *m, const char *kind)
{
	static const struct understanding nothing = { .kind = KIND_CASE };
	bool missed = strcmp(kind, "callback") == 0, wish = strcmp(kind, "wish") == 0;
	bool files = (m->flags & MESSAGE_FILES) != 0;
	const struct policy_unit *unit;
	char category[40];

	message_protocol_text(m, "category", category, sizeof(category));
	d->files = true;
	d->wish = wish;
	d->verdict = missed ? "callback" : "recording";
	d->number = c->next_number(c->arg);
	d->person = m->person;
	d->phone = d->source;
	d->category = keep(c, policy_category(c->policy, category) != NULL ? category : "");
	d->text = missed ? d->tongue == TONGUE_KO ? "(받지 못한 전화, 다시 걸어주세요)"
						  : "（来电未说完，请回电话）"
		  : d->tongue == TONGUE_KO ? "(전화 록음, 받아쓰기 대기)"
					   : "（电话录音，待听写）";
	take_address(c, d, m, &nothing);
	/* a word for the grid worker goes to him, whatever the matter is */
	unit =
	    strcmp(kind, "message") == 0 && d->place != 0
		? policy_unit(c->policy, d->place)
		: route_responsible(c->policy, wish || d->category[0] == '\0' ? NULL : d->category,
		      d->place, d->building);
	d->unit = unit != NULL ? unit->id : 0;
	d->step = (struct step){
		.action = "dictate", .number = d->number, .word = keep(c, kind), .reason = ""
	};
	answer(c, d, missed && !files ? TEMPLATE_CALL_MISSED : TEMPLATE_CALL_KEPT,
	    &(struct reply_fields){ .number = number_text(c, d->number),
		.unit = unit_name(c, d->unit, d->tongue),
		.phone = unit_phone(c, d->unit) });
	notify_unit(c, d, files ? TEMPLATE_NOTICE_CALL : TEMPLATE_NOTICE_CALLBACK,
	    unit != NULL ? unit : policy_unit(c->policy, d->place), d->source);
}

/* The fields that are known now, as a JSON object for the rules. */
static const char *
written_fields(struct decide_context *c, const struct decision *d)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "category", d->category },
		{ "category2", d->category2 },
		{ "building", d->building },
		{ "entrance", d->entrance },
		{ "room", d->room },
		{ "landmark", d->landmark },
		{ "text", d->text },
		{ "language", tongue_name(d->tongue) },
	};
	struct buffer b = { 0 };
	const char *kept;

	buffer_printf(&b, "{\"urgent\":%s,\"score\":%d,\"unit\":%d,\"place\":%d,\"floor\":%d",
	    d->urgent ? "true" : "false", d->score, (int)d->unit, (int)d->place, d->floor);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buffer_printf(&b, ",\"%s\":", texts[i].key);
		buffer_add_json(&b, texts[i].value, strlen(texts[i].value));
	}
	buffer_add_byte(&b, '}');
	kept = arena_keep(c->arena, b.data, b.len);
	buffer_clear(&b);
	return kept;
}

/* A recording that somebody wrote down: now it is understood, as if the caller had written it. The
 * number is there already. */
static void
file_written(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	d->number = message_protocol_number(m, "writes");
	file(c, d, m, u, message_protocol_number(m, "wish") != 0);
	d->verdict = "written";
	d->step = (struct step){
		.action = "written", .number = d->number, .word = written_fields(c, d), .reason = ""
	};
	d->files = false;
}

/* A call tells what it is in its protocol. False: an answer of the caller's, as if he had written
 * it. */
static bool
called(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	char kind[16], language[8];

	message_protocol_text(m, "call", kind, sizeof(kind));
	message_protocol_text(m, "language", language, sizeof(language));
	if (language[0] != '\0' && m->source[0] == '+') {
		d->contact = d->source;
		d->contact_tongue = d->tongue = tongue_parse(language);
	}
	if (strcmp(kind, "answer") == 0)
		return false;
	if (strcmp(kind, "written") == 0)
		file_written(c, d, m, u);
	else if (strcmp(kind, "none") == 0)
		d->verdict = "call";
	else
		file_call(c, d, m, kind);
	return true;
}

/* ---- the kinds ------------------------------------------------------------------------------ */

/* The same words as a moment ago: counted, and answered only once. */
static bool
repeated(struct decide_context *c, struct decision *d, const struct message *m)
{
	const struct recent_case *r =
	    recent_same(c->recent, m->source, c->now_us - 10 * MINUTE_US, d->text_hash);

	if (r == NULL)
		return false;
	d->verdict = "duplicate";
	d->event_number = r->number;
	d->event_action = "repeated";
	return true;
}

/* Confirmed once: who has refused already is not answered each time that he says so again. */
static void
opted(struct decide_context *c, struct decision *d, const struct message *m, bool campaigns)
{
	d->verdict = campaigns ? "optin" : "optout";
	if (!campaigns && !m->campaigns)
		return;
	d->contact = d->source;
	d->contact_campaigns = campaigns;
	answer(c, d, campaigns ? TEMPLATE_OPTIN_DONE : TEMPLATE_OPTOUT_DONE,
	    &(struct reply_fields){ 0 });
}

static void
greeted(struct decide_context *c, struct decision *d)
{
	d->verdict = "greeting";
	if (recent_may_greet(c->recent, d->source, c->now_us))
		answer(c, d, TEMPLATE_GREETING, &(struct reply_fields){ 0 });
}

static void
answered(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	/* "没人来", "没修好": not a bare answer to a question but the state of their trouble. */
	if (u->answer == UNDERSTANDING_NO && u->progress)
		progress(c, d, m, u);
	else
		d->verdict = "answer";
}

static void
by_kind(struct decide_context *c, struct decision *d, const struct message *m,
    const struct understanding *u)
{
	if (quiet_verdicts[u->kind] != NULL) {
		d->verdict = quiet_verdicts[u->kind];
		return;
	}
	switch (u->kind) {
	case KIND_OPTOUT:
		opted(c, d, m, false);
		return;
	case KIND_OPTIN:
		opted(c, d, m, true);
		return;
	case KIND_GREETING:
	case KIND_TOO_SHORT:
		greeted(c, d);
		return;
	case KIND_ANSWER:
		answered(c, d, m, u);
		return;
	default:
		break;
	}
	if (asked_by_number(c, d, m, u))
		return;
	if (u->kind == KIND_PROGRESS)
		progress(c, d, m, u);
	else if (!repeated(c, d, m) && !added(c, d, m, u))
		file(c, d, m, u, u->kind == KIND_WISH);
}

static void
learn_language(struct decision *d, const struct message *m, const struct understanding *u)
{
	if (u->language != LANGUAGE_ZH && u->language != LANGUAGE_KO)
		return;
	if (m->language != LANGUAGE_UND || (m->flags & (MESSAGE_DAMAGED | MESSAGE_GUESSED)) != 0)
		return;
	d->contact = d->source;
	d->contact_tongue = u->language == LANGUAGE_KO ? TONGUE_KO : TONGUE_ZH;
}

static void
begin(struct decide_context *c, const struct message *m, struct decision *d)
{
	memset(d, 0, sizeof(*d));
	d->id = m->id;
	d->verdict = "other";
	d->source = keep(c, m->source);
	d->channel = keep(c, m->channel);
	d->link = keep(c, m->link);
	d->destination = keep(c, m->destination);
	d->category = d->category2 = d->text = d->building = d->entrance = d->room = d->landmark =
	    "";
	d->contact_campaigns = -1;
	d->spoken = (m->flags & MESSAGE_SPOKEN) != 0;
	if (m->decoded)
		d->decoded = arena_keep(c->arena, m->text, m->text_len);
	d->text_hash = recent_hash(m->text, m->text_len);
}

void
decide(struct decide_context *c, struct message *m, struct decision *d)
{
	struct understand_sender sender = { .home_unit = m->home_community,
		.language = m->language };
	struct understanding u;

	begin(c, m, d);
	/* Anybody may have written under a name of staff. */
	if ((m->flags & MESSAGE_UNPROVEN) != 0)
		m->staff_level = 0;
	if ((m->flags & MESSAGE_NO_ANSWER) != 0) {
		d->verdict = "service";
		return;
	}
	understand(c->policy->lexicon, c->scratch, m->text, m->text_len, &sender, &u);
	/* The phone's stored language goes before that of one text. */
	d->tongue = m->language == LANGUAGE_KO   ? TONGUE_KO
		    : m->language == LANGUAGE_ZH ? TONGUE_ZH
		    : u.reply == LANGUAGE_KO     ? TONGUE_KO
						 : TONGUE_ZH;
	if ((m->flags & MESSAGE_LATE_PART) != 0) {
		d->verdict = "late_part";
		d->event_reason = arena_keep(c->arena, m->text, m->text_len);
		d->look = LOOK_MESSAGE;
		d->look_id = message_protocol_number(m, "late_for");
		return;
	}
	if (d->spoken && called(c, d, m, &u))
		return;
	if (!asks_balance(d, m, &u) && !claimed(c, d, m, &u) && !commanded(c, d, m, &u) &&
	    !spoken(c, d, m, &u) && !in_thread(c, d, m, &u))
		by_kind(c, d, m, &u);
	if (d->files || d->event_number != 0)
		learn_language(d, m, &u);
}
