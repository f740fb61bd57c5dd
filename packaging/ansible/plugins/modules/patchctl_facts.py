#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import (absolute_import, division, print_function)

__metaclass__ = type

DOCUMENTATION = r'''
---
module: patchctl_facts
short_description: Tell where a host stands with its security patches
version_added: 0.1.0
description:
  - Reads what patchctl knows already. Nothing is scanned and nothing is fetched.
author:
  - The patchctl authors (@patchctl)
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  facts:
    description: The facts are set under C(ansible_facts.patchctl).
    support: full
options:
  executable:
    description: The program.
    type: path
    default: patchctl
'''

EXAMPLES = r'''
- name: Ask every host
  patchctl.patchctl.patchctl_facts:
  become: true

- name: Name those that are late
  ansible.builtin.debug:
    msg: "{{ ansible_facts.patchctl.status.summary.overdue }} overdue"
  when: ansible_facts.patchctl.status.summary.overdue | default(0) > 0
'''

RETURN = r'''
ansible_facts:
  description: Where the host stands.
  returned: always
  type: dict
  contains:
    patchctl:
      description: What is known. Without the program, or without the right to read its records, only that is said.
      returned: always
      type: dict
      contains:
        installed:
          description: The program is there.
          returned: always
          type: bool
        problem:
          description: Why there is no status.
          returned: when there is none
          type: str
        status:
          description: The document of C(patchctl status --format json) (schema C(patchctl.status/1)).
          returned: when it could be read
          type: dict
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchctl.patchctl.plugins.module_utils import program


def gathered(module):
    """Returns the facts; what cannot be known is said, and never looks like a clean host."""
    if not module.get_bin_path(module.params['executable']):
        return dict(installed=False, problem='patchctl is not installed')
    code, document, err = program.run(module, ['status', '--offline'])
    if code == 0 and document is not None and document.get('schema') == 'patchctl.status/1':
        return dict(installed=True, status=document)
    return dict(installed=True, problem=program.result_of(code, document, err)['msg'])


def main():
    module = AnsibleModule(
        argument_spec=dict(executable=dict(type='path', default='patchctl')), supports_check_mode=True)
    module.exit_json(changed=False, ansible_facts=dict(patchctl=gathered(module)))


if __name__ == '__main__':
    main()
