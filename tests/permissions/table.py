"""What each right of the operator is for: the one table, which must name every right and no other."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.permissions import connection_scenarios, pool_scenarios, scenarios, server_scenarios
from tests.permissions.rights import BLOCK_OWNER, Right
from tests.permissions.scenarios import Scenario

AGENTS = "tests/component/test_agents.py::"
METRICS = "tests/metrics/test_alerts.py::"
RUNS = "tests/component/test_runs.py::"
POOLS = "tests/component/test_pools.py::"
DELETION = "tests/component/test_pool_deletion.py::"
SERVERS = "tests/component/test_mcpservers.py::"
CONNECTIONS = "tests/component/test_temporal_connections.py::"
BAD_INPUT = "tests/component/test_bad_input.py::"
SURVIVAL = "tests/component/test_survival.py::"
INSTRUCTIONS = "tests/component/test_instructions.py::"
EVENTS = "tests/unit/operator/kubernetes/test_events.py::"
SETTLE = "tests/unit/operator/engine/test_settle.py::"
DIAGNOSIS = "tests/unit/operator/pools/test_diagnosis.py::"
INSTALLATION = "tests/unit/operator/test_installation.py::"
LEADERSHIP = "tests/unit/operator/leadership/test_leadership.py::"


@dataclass(frozen=True)
class Need:
    """What fails without a right, and a test that fails with it."""

    scenario: Scenario
    shown_by: str


APPS = "apps"
CORE = ""
EVENTS_API = "events.k8s.io"
LEASES_API = "coordination.k8s.io"

# What the operator needs to start, and then goes on to use.
AT_ITS_START: Mapping[Right, Need] = {
    Right("agents", "list"): Need(
        scenarios.agent_is_seen, AGENTS + "test_ready_agent_has_one_remote_agent_as_its_manifest_says"
    ),
    Right("agents", "watch"): Need(
        scenarios.agent_is_seen, AGENTS + "test_edited_instructions_send_one_update_and_new_runs_use_it"
    ),
    Right("agentruns", "list"): Need(
        scenarios.run_is_seen, SURVIVAL + "test_operator_killed_before_it_starts_the_run"
    ),
    Right("agentruns", "watch"): Need(
        scenarios.run_is_seen, RUNS + "test_answer_contains_what_the_tool_made_up"
    ),
    Right("modelproviders", "list"): Need(
        scenarios.provider_is_seen, AGENTS + "test_ready_agent_has_one_remote_agent_as_its_manifest_says"
    ),
    Right("modelproviders", "watch"): Need(
        scenarios.provider_is_seen, BAD_INPUT + "test_missing_secret_is_named_and_awaited"
    ),
    Right("mcpservers", "list"): Need(
        server_scenarios.server_says_what_it_waits_for,
        SERVERS + "test_server_is_listed_with_its_tools_and_prompts",
    ),
    Right("mcpservers", "watch"): Need(
        server_scenarios.server_says_what_it_waits_for,
        SERVERS + "test_server_is_listed_with_its_tools_and_prompts",
    ),
    Right("temporalconnections", "list"): Need(
        connection_scenarios.connection_says_what_it_waits_for,
        CONNECTIONS + "test_run_on_a_connection_succeeds_and_is_kept_there",
    ),
    Right("temporalconnections", "watch"): Need(
        connection_scenarios.connection_says_what_it_waits_for,
        CONNECTIONS + "test_run_on_a_connection_succeeds_and_is_kept_there",
    ),
    Right("workerpools", "list"): Need(
        pool_scenarios.pool_says_what_it_waits_for, SURVIVAL + "test_operator_killed_before_it_starts_the_run"
    ),
    Right("workerpools", "watch"): Need(
        pool_scenarios.pool_says_what_it_waits_for,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("configmaps", "get", CORE, "durable-agents-installation"): Need(
        scenarios.installation_id_is_found_or_made_up,
        INSTALLATION + "test_id_that_was_generated_before_is_used_again",
    ),
    Right("configmaps", "create", CORE): Need(
        scenarios.installation_id_is_found_or_made_up,
        INSTALLATION + "test_id_is_generated_and_kept_where_there_is_none",
    ),
    Right("leases", "get", LEASES_API): Need(
        scenarios.lease_is_held,
        LEADERSHIP + "test_first_leads_and_the_second_stands_by_and_says_who_leads",
    ),
    Right("leases", "create", LEASES_API): Need(
        scenarios.lease_is_held,
        LEADERSHIP + "test_first_leads_and_the_second_stands_by_and_says_who_leads",
    ),
}

# What the operator needs at its work.
WHILE_IT_RUNS: Mapping[Right, Need] = {
    Right("leases", "patch", LEASES_API): Need(
        scenarios.lease_is_renewed, LEADERSHIP + "test_leader_that_was_cut_off_for_a_moment_goes_on"
    ),
    Right("agents", "get"): Need(
        scenarios.agent_edited_while_it_is_made_is_read_anew,
        SETTLE + "test_conflict_is_tried_again_on_the_newer_state",
    ),
    Right("agents", "patch"): Need(
        scenarios.agent_gets_its_finalizer, AGENTS + "test_deleted_agent_leaves_no_remote_agent"
    ),
    Right("agents/status", "patch"): Need(
        scenarios.agent_becomes_ready, AGENTS + "test_ready_agent_has_one_remote_agent_as_its_manifest_says"
    ),
    Right("agentruns", "get"): Need(
        scenarios.deleted_run_has_its_workflow_stopped, RUNS + "test_deleted_run_stops_its_workflow"
    ),
    Right("agentruns", "deletecollection"): Need(
        scenarios.expired_run_is_deleted, RUNS + "test_finished_run_is_deleted_when_its_time_is_over"
    ),
    Right("agentruns/status", "patch"): Need(scenarios.run_is_started, RUNS + "test_listing_tells_the_story"),
    Right("modelproviders", "get"): Need(
        scenarios.provider_edited_while_it_is_tried_is_read_anew,
        SETTLE + "test_conflict_is_tried_again_on_the_newer_state",
    ),
    Right("modelproviders/status", "patch"): Need(
        scenarios.provider_becomes_ready, BAD_INPUT + "test_missing_secret_is_named_and_awaited"
    ),
    Right("mcpservers", "get"): Need(
        server_scenarios.server_edited_while_it_is_listed_is_read_anew,
        SETTLE + "test_conflict_is_tried_again_on_the_newer_state",
    ),
    Right("mcpservers/status", "patch"): Need(
        server_scenarios.server_says_what_it_waits_for,
        SERVERS + "test_server_is_listed_with_its_tools_and_prompts",
    ),
    Right("temporalconnections", "get"): Need(
        connection_scenarios.result_is_looked_for_where_the_run_is_kept,
        CONNECTIONS + "test_result_of_a_run_on_a_connection_is_printed",
    ),
    Right("temporalconnections/status", "patch"): Need(
        connection_scenarios.connection_says_what_it_waits_for,
        CONNECTIONS + "test_run_on_a_connection_succeeds_and_is_kept_there",
    ),
    Right("workerpools", "get"): Need(
        pool_scenarios.pool_touched_while_it_is_deleted_is_read_anew,
        SETTLE + "test_conflict_is_tried_again_on_the_newer_state",
    ),
    Right("workerpools", "patch"): Need(
        pool_scenarios.pool_gets_its_finalizer,
        DELETION + "test_deleted_pool_stays_for_its_runs_and_takes_no_others",
    ),
    Right("namespaces", "get", CORE): Need(
        pool_scenarios.namespace_goes_with_its_pool,
        DELETION + "test_namespace_goes_with_runs_and_users_workflows_on_its_pool",
    ),
    Right("workerpools/status", "patch"): Need(
        pool_scenarios.pool_says_what_it_waits_for,
        BAD_INPUT + "test_unknown_tool_is_named_with_those_that_exist",
    ),
    BLOCK_OWNER: Need(
        pool_scenarios.pool_makes_a_deployment,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("deployments", "create", APPS): Need(
        pool_scenarios.pool_makes_a_deployment,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("deployments", "patch", APPS): Need(
        pool_scenarios.pool_makes_a_deployment,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("deployments", "list", APPS): Need(
        pool_scenarios.pool_makes_a_deployment,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("deployments", "delete", APPS): Need(
        pool_scenarios.build_that_nothing_uses_is_removed,
        POOLS + "test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one",
    ),
    Right("pods", "list", CORE): Need(
        pool_scenarios.pool_says_why_its_worker_does_not_start,
        DIAGNOSIS + "test_pod_tells_why_it_does_not_start",
    ),
    Right("secrets", "get", CORE): Need(
        scenarios.provider_becomes_ready, BAD_INPUT + "test_missing_secret_is_named_and_awaited"
    ),
    Right("configmaps", "get", CORE): Need(
        scenarios.agent_has_its_instructions_from_a_configmap,
        INSTRUCTIONS + "test_changed_text_of_a_configmap_makes_one_version",
    ),
    Right("events", "create", EVENTS_API): Need(
        scenarios.trouble_is_told_by_an_event, AGENTS + "test_change_by_hand_is_corrected_once"
    ),
    Right("events", "get", EVENTS_API): Need(
        scenarios.trouble_that_comes_again_is_counted, EVENTS + "test_event_that_happens_again_is_counted_up"
    ),
    Right("events", "patch", EVENTS_API): Need(
        scenarios.trouble_that_comes_again_is_counted, EVENTS + "test_event_that_happens_again_is_counted_up"
    ),
    Right("configmaps", "get", CORE, "durable-agents-orphans"): Need(
        scenarios.orphans_are_counted, METRICS + "test_agent_that_could_not_be_deleted_at_its_provider"
    ),
    Right("configmaps", "patch", CORE, "durable-agents-orphans"): Need(
        scenarios.orphan_is_recorded, AGENTS + "test_namespace_whose_key_is_gone_ends_and_records_the_orphan"
    ),
}
