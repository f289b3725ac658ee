import { describeAuthenticator } from '../../test/suites/authenticator.js';
import { NullAuthenticator } from './index.js';

describeAuthenticator({
  name: 'null',
  make: () => new NullAuthenticator(),
  bad: { username: 'alice', password: 'anything' },
});
