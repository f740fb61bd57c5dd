#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import (absolute_import, division, print_function)

__metaclass__ = type

DOCUMENTATION = r'''
---
module: patchctl
short_description: Scan for, plan, apply and take back security patches
version_added: 0.1.0
description:
  - Runs C(patchctl) on the host and answers with its report.
  - Whether something was changed is read from the report, which tells what the package database said after each step.
    An exit code never decides that.
author:
  - The patchctl authors (@patchctl)
requirements:
  - patchctl on the host
attributes:
  check_mode:
    description: Nothing of the host is changed. C(apply) makes its plan and stops, C(rollback) previews.
    support: full
  diff_mode:
    description: Versions of packages before and after.
    support: full
options:
  verb:
    description:
      - C(scan) finds what is vulnerable, C(plan) seals what would be changed, C(apply) carries it out and proves it,
        C(rollback) brings back the state before a run.
      - Records of patchctl itself (reports, first-seen dates) do not count as a change.
    type: str
    choices: [scan, plan, apply, rollback]
    required: true
  plan:
    description:
      - The file of a sealed plan on the host. C(plan) writes it there, C(apply) does exactly what it says or refuses.
      - A plan that was there already and says the same is not written anew.
    type: path
  packages:
    description: Only these packages; of C(rollback), only these packages of the run.
    type: list
    elements: str
    default: []
  exclude:
    description: Never these packages.
    type: list
    elements: str
    default: []
  cves:
    description: Only these vulnerabilities.
    type: list
    elements: str
    default: []
  advisories:
    description: Only these advisories.
    type: list
    elements: str
    default: []
  severity:
    description: Only this severity and worse.
    type: str
    choices: [negligible, low, medium, high, critical]
  known_exploited:
    description: Only what is exploited in the wild.
    type: bool
    default: false
  all_updates:
    description: Include updates that close no vulnerability. Of C(plan) and C(apply).
    type: bool
    default: false
  allow_removals:
    description: Allow packages to be removed. Of C(plan) and C(apply).
    type: bool
    default: false
  accept_no_rollback:
    description: Change these packages although no way back was proved. Of C(plan) and C(apply).
    type: list
    elements: str
    default: []
  override:
    description: Rules of the policy that are set aside for this run; I(reason) is recorded with them. Of C(apply).
    type: list
    elements: str
    choices: [window, freeze, approval]
    default: []
  reason:
    description: Why rules are set aside.
    type: str
  fail_on:
    description: Fail on open findings of this severity or worse (exit code 100). Of C(scan).
    type: str
    choices: [negligible, low, medium, high, critical]
  run:
    description:
      - The run that is taken back, such as V(0042), as I(run_id) of an earlier result names it.
      - One that was taken back already leaves nothing to do, and changes nothing.
    type: str
  offline:
    description: Use no network at all.
    type: bool
    default: false
  refresh:
    description: Fetch feeds, and with C(apply) the repositories' lists, where they are due.
    type: bool
    default: true
  lock_timeout:
    description: How long to wait for another package tool, such as V(10m). The configuration decides where this is absent.
    type: str
  full_report:
    description:
      - Answer with the whole report, packages and findings included. It may take megabytes for each host.
      - Without it, fetch V(/var/lib/patchctl/latest.json), where the host keeps its newest report.
    type: bool
    default: false
  executable:
    description: The program.
    type: path
    default: patchctl
'''

EXAMPLES = r'''
- name: See what is open, and fail where something critical is
  patchctl.patchctl.patchctl:
    verb: scan
    fail_on: critical

- name: Show what would be changed, with versions (ansible-playbook --check --diff)
  patchctl.patchctl.patchctl:
    verb: apply
  become: true

- name: Close what is exploited in the wild, outside the maintenance window
  patchctl.patchctl.patchctl:
    verb: apply
    known_exploited: true
    override: [window]
    reason: CVE-2026-11234 is used against us
  become: true
  register: patched

- name: Take that run back
  patchctl.patchctl.patchctl:
    verb: rollback
    run: "{{ patched.run_id }}"
  become: true
'''

RETURN = r'''
rc:
  description: The exit code of patchctl.
  returned: always
  type: int
  sample: 0
msg:
  description: What the exit code says, and the error where there was one.
  returned: always
  type: str
outcome:
  description:
    - How it ended, in one word. One of V(clean), V(findings), V(planned), V(patched), V(nothing-to-do),
      V(reboot-pending), V(rolled-back), V(recovered), V(interrupted), V(refused), V(incomplete), V(stuck), V(failed).
  returned: when there is a report
  type: str
  sample: patched
hints:
  description: What leads out of an error.
  returned: when there was an error
  type: list
  elements: str
run_id:
  description: The run, to be named to C(rollback).
  returned: when a run began
  type: str
  sample: "0042"
plan_id:
  description: The digest that seals the plan.
  returned: when a plan was made
  type: str
held:
  description: What the plan leaves alone, each with the rule, file and line that holds it.
  returned: when a plan was made
  type: list
  elements: dict
summary:
  description: The counts.
  returned: when the host was scanned
  type: dict
completeness:
  description: How complete the result is.
  returned: when the host was scanned
  type: dict
reboot_required:
  description: Only a reboot makes effective what is installed.
  returned: when there is a report
  type: bool
last_words:
  description: The last lines of the package tools before they failed.
  returned: when they failed
  type: list
  elements: str
plan_path:
  description: Where the sealed plan was written.
  returned: when I(plan) was written by C(plan)
  type: str
report:
  description: The report (schema C(patchctl.report/1)).
  returned: with I(full_report)
  type: dict
preview:
  description: What a roll back would do (schema C(patchctl.rollback-preview/1)).
  returned: with C(rollback) in check mode
  type: dict
'''

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchctl.patchctl.plugins.module_utils import program

SEVERITIES = ['negligible', 'low', 'medium', 'high', 'critical']

# Which verb takes which parameter, beside those that all take; what does not fit is an error and never left out.
TAKEN_BY = {
    'plan': ('plan', 'apply'),
    'packages': ('scan', 'plan', 'apply', 'rollback'),
    'exclude': ('scan', 'plan', 'apply'),
    'cves': ('scan', 'plan', 'apply'),
    'advisories': ('scan', 'plan', 'apply'),
    'severity': ('scan', 'plan', 'apply'),
    'known_exploited': ('scan', 'plan', 'apply'),
    'all_updates': ('plan', 'apply'),
    'allow_removals': ('plan', 'apply'),
    'accept_no_rollback': ('plan', 'apply'),
    'override': ('apply',),
    'fail_on': ('scan',),
    'run': ('rollback',),
}

# Parameters that are lists, and the flag of each.
LISTS = (
    ('exclude', '--exclude'),
    ('cves', '--cve'),
    ('advisories', '--advisory'),
    ('accept_no_rollback', '--accept-no-rollback'),
    ('override', '--override'),
)

# Parameters with one value, and the flag of each.
VALUES = (
    ('severity', '--severity'),
    ('fail_on', '--fail-on'),
    ('reason', '--reason'),
    ('lock_timeout', '--lock-timeout'),
)

# Parameters that are said or not, and the flag of each.
SWITCHES = (
    ('known_exploited', '--known-exploited'),
    ('all_updates', '--all-updates'),
    ('allow_removals', '--allow-removals'),
    ('offline', '--offline'),
)

# The parts of a plan that say what is done to which host, and by which rules.
WHAT_A_PLAN_SAYS = ('steps', 'held', 'selection', 'inventory_digest', 'policy_digest')


def refuse_misplaced(module):
    """Ends the module where a parameter is set that the verb does not take."""
    verb = module.params['verb']
    for name, verbs in sorted(TAKEN_BY.items()):
        if module.params[name] and verb not in verbs:
            module.fail_json(msg='%s is for %s, not for %s' % (name, ', '.join(verbs), verb))


def common_arguments(params):
    """Returns what selects, allows and limits, in the words of the command line."""
    arguments = []
    only = '--only' if params['verb'] == 'rollback' else '--package'
    for name, flag in LISTS + (('packages', only),):
        for value in params[name]:
            arguments += [flag, value]
    for name, flag in VALUES:
        if params[name]:
            arguments += [flag, params[name]]
    arguments += [flag for name, flag in SWITCHES if params[name]]
    if not params['refresh']:
        arguments.append('--no-refresh')
    return arguments


def verb_arguments(module):
    """Returns the verb with what it is about and how far it goes."""
    params, dry = module.params, module.check_mode
    verb = params['verb']
    if verb == 'scan':
        return ['scan'] + (['--no-save'] if dry else [])
    if verb == 'plan':
        return ['apply', '--dry-run'] if dry else ['plan']
    if verb == 'apply':
        return ['apply', '--dry-run' if dry else '--yes'] + ([params['plan']] if params['plan'] else [])
    return ['rollback', '--preview' if dry else '--yes'] + ([params['run']] if params['run'] else [])


def sealed(path):
    """Returns the plan in a file; an empty one where there is none."""
    try:
        with open(path, 'rb') as file:
            plan = json.loads(file.read().decode('utf-8'))
    except (IOError, OSError, ValueError):
        return {}
    return plan if isinstance(plan, dict) else {}


def keep_plan(module, result, plan):
    """Writes the plan where it is wanted; returns whether it was, or would be, written.

    Each plan has a digest of its own, as its time is in it: one that says the same about the same host stays.
    """
    path = module.params['plan']
    if not path or not plan:
        return False
    there = sealed(path)
    if there and all(there.get(key) == plan.get(key) for key in WHAT_A_PLAN_SAYS):
        result['plan_id'] = there.get('id')
        return False
    if not module.check_mode:
        source = os.path.join(module.tmpdir, 'plan.json')
        with open(source, 'w') as file:
            file.write(json.dumps(plan, indent=2))
        module.atomic_move(source, path)
        os.chmod(path, 0o600)
        result['plan_path'] = path
    return True


def preview(module, arguments):
    """Answers what a roll back would do."""
    code, document, err = program.run(module, arguments)
    if document is None or document.get('schema') != 'patchctl.rollback-preview/1':
        return program.result_of(code, document, err)
    result = program.result_of(code, None, '')
    result.update(changed=not result['failed'], preview=document)
    return result


def main():
    listed = dict(type='list', elements='str', default=[])
    module = AnsibleModule(
        argument_spec=dict(
            verb=dict(type='str', required=True, choices=['scan', 'plan', 'apply', 'rollback']),
            plan=dict(type='path'),
            packages=listed,
            exclude=listed,
            cves=listed,
            advisories=listed,
            severity=dict(type='str', choices=SEVERITIES),
            known_exploited=dict(type='bool', default=False),
            all_updates=dict(type='bool', default=False),
            allow_removals=dict(type='bool', default=False),
            accept_no_rollback=listed,
            override=dict(type='list', elements='str', default=[], choices=['window', 'freeze', 'approval']),
            reason=dict(type='str'),
            fail_on=dict(type='str', choices=SEVERITIES),
            run=dict(type='str'),
            offline=dict(type='bool', default=False),
            refresh=dict(type='bool', default=True),
            lock_timeout=dict(type='str'),
            full_report=dict(type='bool', default=False),
            executable=dict(type='path', default='patchctl'),
        ),
        supports_check_mode=True,
    )
    refuse_misplaced(module)
    params = module.params
    arguments = verb_arguments(module) + common_arguments(params)
    if params['verb'] == 'rollback' and module.check_mode:
        module.exit_json(**preview(module, arguments))
    code, report, err = program.run(module, arguments)
    result = program.result_of(code, report, err)
    result['changed'] = False
    if report is not None:
        if params['full_report']:
            result['report'] = report
        if params['verb'] == 'plan':
            result['changed'] = not result['failed'] and keep_plan(module, result, report.get('plan'))
        elif params['verb'] != 'scan':
            result['changed'] = program.is_changed(report, module.check_mode)
        if params['verb'] in ('plan', 'apply'):
            result['diff'] = program.difference(report)
    module.exit_json(**result)


if __name__ == '__main__':
    main()
