/** Aliases and flags of the command line: JupyterHub's (jupyterhub.app 6.1.1), and a few of our own. */
import type { CommandGrammar, FlagMeaning } from '../core/config/argv.js';

const DEBUG = 10;

const COMMON_ALIASES = {
  'log-level': 'Application.log_level',
  f: 'JupyterHub.config_file',
  config: 'JupyterHub.config_file',
  db: 'JupyterHub.db_url',
} as const;

const COMMON_FLAGS: Readonly<Record<string, FlagMeaning>> = {
  debug: { help: 'Log everything.', sets: [['Application', 'log_level', DEBUG]] },
  'show-config': {
    help: 'Print what is configured, secrets blanked, and end.',
    sets: [['Application', 'show_config', true]],
  },
  'show-config-json': { help: 'The same as JSON.', sets: [['Application', 'show_config_json', true]] },
  'allow-unknown-classes': {
    help: 'Let sections of unknown classes in a configuration pass with a warning.',
  },
  'log-json': { help: 'Write the log as JSON, one object a line.' },
  help: { help: 'This help.' },
  h: { help: 'This help.' },
  'help-all': { help: 'Every setting of every class.' },
  version: { help: 'Our version.' },
  V: { help: 'Our version.' },
};

/** `anteroom` itself. */
export const HUB_GRAMMAR: CommandGrammar = {
  aliases: {
    ...COMMON_ALIASES,
    'base-url': 'JupyterHub.base_url',
    y: 'JupyterHub.answer_yes',
    'ssl-key': 'JupyterHub.ssl_key',
    'ssl-cert': 'JupyterHub.ssl_cert',
    url: 'JupyterHub.bind_url',
    ip: 'JupyterHub.ip',
    port: 'JupyterHub.port',
    'pid-file': 'JupyterHub.pid_file',
    'log-file': 'JupyterHub.extra_log_file',
  },
  flags: {
    ...COMMON_FLAGS,
    'generate-config': {
      help: 'Write a configuration file with every setting explained, and end.',
      sets: [['JupyterHub', 'generate_config', true]],
    },
    'generate-certs': {
      help: 'Make the certificates of internal_ssl, and end.',
      sets: [['JupyterHub', 'generate_certs', true]],
    },
    'no-db': {
      help: 'Keep the database in memory only.',
      sets: [['JupyterHub', 'db_url', 'sqlite:///:memory:']],
    },
    'upgrade-db': {
      help: 'Bring the database up to date at start, with a backup of an SQLite file.',
      sets: [['JupyterHub', 'upgrade_db', true]],
    },
    'no-ssl': { help: 'Does nothing; deprecated.', sets: [['JupyterHub', 'confirm_no_ssl', true]] },
    'reset-passwords': {
      help: 'Make new passwords in the file that c.Anteroom.password_file names, and print them.',
    },
  },
};

/** `anteroom token` and `anteroom upgrade-db`. */
export const OFFLINE_GRAMMAR: CommandGrammar = { aliases: COMMON_ALIASES, flags: COMMON_FLAGS };

/** `anteroom config convert`. */
export const CONFIG_GRAMMAR: CommandGrammar = {
  aliases: {
    f: 'JupyterHub.config_file',
    config: 'JupyterHub.config_file',
    o: 'ConfigConvert.output',
    output: 'ConfigConvert.output',
    y: 'JupyterHub.answer_yes',
  },
  flags: {
    help: { help: 'This help.' },
    h: { help: 'This help.' },
    version: { help: 'Our version.' },
    V: { help: 'Our version.' },
  },
};
