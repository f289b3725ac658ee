/** What the endpoints of groups say of themselves in the OpenAPI document. */
import {
  type Endpoint,
  empty,
  json,
  listed,
  listOf,
  PAGE_QUERY,
  ref,
  refused,
} from '../../openapi/endpoint.js';

const GROUP = ref('Group');
const NAMES = listOf({ type: 'string' });
const MEMBERS = {
  required: true,
  schema: { type: 'object', required: ['users'], properties: { users: NAMES } },
};

export const LIST_GROUPS: Endpoint = {
  id: 'get-groups',
  summary: 'List groups',
  query: PAGE_QUERY,
  answers: { 200: listed('the groups that the scope shows', listOf(GROUP)) },
};

export const CREATE_GROUPS: Endpoint = {
  id: 'post-groups',
  summary: 'Create groups',
  body: {
    required: true,
    schema: { type: 'object', required: ['groups'], properties: { groups: NAMES, users: NAMES } },
  },
  answers: { 201: json('the new groups', listOf(GROUP)), 409: refused('one of them exists') },
};

export const READ_GROUP: Endpoint = {
  id: 'get-group',
  summary: 'Read a group',
  answers: { 200: json('the group', GROUP) },
};

export const CREATE_GROUP: Endpoint = {
  id: 'post-group',
  summary: 'Create a group',
  body: { schema: { type: ['object', 'null'], properties: { users: NAMES } } },
  answers: { 201: json('the new group', GROUP), 409: refused('the group exists') },
};

export const DELETE_GROUP: Endpoint = {
  id: 'delete-group',
  summary: 'Delete a group',
  answers: { 204: empty('deleted') },
};

export const ADD_MEMBERS: Endpoint = {
  id: 'post-group-users',
  summary: 'Put users into a group',
  body: MEMBERS,
  answers: { 200: json('the group', GROUP) },
};

export const REMOVE_MEMBERS: Endpoint = {
  id: 'delete-group-users',
  summary: 'Take users out of a group',
  body: MEMBERS,
  answers: { 200: json('the group', GROUP) },
};

export const SET_PROPERTIES: Endpoint = {
  id: 'put-group-properties',
  summary: 'Replace the properties of a group',
  body: { required: true, schema: { type: 'object' } },
  answers: { 200: json('the group', GROUP) },
};
