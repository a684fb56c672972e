/** `{external}` in the path, matched exactly (SPEC §6). */
export const EXTERNAL_NAME = /^[a-z0-9_-]{1,64}$/;

export const EXTERNAL_NAME_ALLOWED = '1 to 64 of a-z 0-9 - _';
