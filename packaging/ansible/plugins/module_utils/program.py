# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs patchctl and reads its report: the one place that knows exit codes, and when something was changed."""

from __future__ import (absolute_import, division, print_function)

__metaclass__ = type

import json
import traceback

from ansible.module_utils.common.text.converters import to_text

# Every exit code of patchctl (its man page): whether a task that meets it has failed, and in which words.
EXIT_CODES = {
    0: (False, 'done, or nothing to do'),
    1: (True, 'failed; the host is unchanged'),
    2: (True, 'wrong usage, or a configuration that is invalid or can be written by others'),
    3: (True, 'failed and rolled back; the host is as before'),
    4: (True, 'a person is needed: the report has the exact commands'),
    5: (True, 'not enough privilege: set become'),
    7: (True, 'another package tool or patchctl holds the lock'),
    8: (True, 'refused: by policy, or because the host changed since the plan was made'),
    9: (True, 'incomplete: a feed is missing, stale or malformed; nothing was changed'),
    10: (True, 'preflight failed: space, unclean package database, no way back, or an open run'),
    100: (True, 'findings of the severity that fail_on names, or worse'),
    102: (False, 'done; a reboot is needed'),
    103: (False, 'done; restarts of services are needed'),
    130: (True, 'stopped by SIGINT at a clean boundary'),
    143: (True, 'stopped by SIGTERM at a clean boundary'),
}

# What a step left behind when it did something: the word of the package database, not of an exit code.
CHANGED_STEPS = ('new', 'mixed')


def run(module, arguments):
    """Returns the exit code, the one JSON document (None where there is none) and what was said beside it."""
    command = [module.get_bin_path(module.params['executable'], required=True)] + arguments
    command += ['--format', 'json', '--no-progress', '--color', 'never']
    code, out, err = module.run_command(command, handle_exceptions=True)
    if not out.strip():
        return code, None, err
    try:
        document = json.loads(out)
    except ValueError:
        module.fail_json(
            msg='patchctl wrote something that is not one JSON document', rc=code, stdout=out, stderr=err,
            exception=traceback.format_exc())
    return code, document, err


def planned(report):
    """Returns the actions of the plan in a report."""
    steps = (report.get('plan') or {}).get('steps') or []
    return [action for step in steps for action in step.get('actions', [])]


def is_changed(report, foresees):
    """Tells whether the host was changed, or, of a dry run (foresees), would be.

    What was taken back changed nothing, unless some path could not be put back as it was. A roll back that was asked
    for did change the host.
    """
    if foresees:
        return bool(planned(report))
    transaction = report.get('transaction') or {}
    steps = transaction.get('steps') or []
    if report.get('command') == 'rollback':
        return report.get('outcome') in ('rolled-back', 'stuck')
    if report.get('outcome') == 'rolled-back':
        return bool(transaction.get('not_restored'))
    return any(step.get('outcome') in CHANGED_STEPS for step in steps)


def difference(report):
    """Returns the versions before and after, as a diff of Ansible."""
    before, after = [], []
    for action in sorted(planned(report), key=lambda action: (action['package'], action['architecture'])):
        name = '%s:%s' % (action['package'], action['architecture'])
        if action.get('from'):
            before.append('%s %s\n' % (name, action['from']))
        if action.get('to'):
            after.append('%s %s\n' % (name, action['to']))
    return dict(
        before_header='installed', after_header='planned', before=''.join(before), after=''.join(after))


def result_of(code, report, err):
    """Returns what every verb answers: code, words and counts."""
    failed, words = EXIT_CODES.get(code, (True, 'an exit code that patchctl does not have'))
    result = dict(rc=code, failed=failed, msg=words)
    if report is None:
        if err.strip():
            result['msg'] = '%s: %s' % (words, to_text(err).strip())
        return result
    error = report.get('error') or {}
    if error:
        result['msg'] = '%s: %s' % (words, error.get('message', ''))
        result['hints'] = error.get('hints', [])
    for key in ('outcome', 'run_id', 'summary', 'completeness'):
        if key in report:
            result[key] = report[key]
    last_words = (report.get('transaction') or {}).get('last_words')
    if last_words:
        result['last_words'] = last_words
    result['reboot_required'] = bool((report.get('summary') or {}).get('reboot_required'))
    plan = report.get('plan') or {}
    if plan:
        result['plan_id'] = plan.get('id')
        result['held'] = plan.get('held', [])
    return result
