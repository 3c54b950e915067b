// SPDX-License-Identifier: Apache-2.0
// An API on Fastify that checks tokens in process.
//
//   COATCHECK_SERVICE_KEY=$(coatcheck service-key add fastify --scope feed) node examples/fastify/server.mjs
import { createVerifier } from '@coatcheck/node';
import { coatcheck } from '@coatcheck/node/fastify';
import Fastify from 'fastify';

const port = Number(process.env.PORT ?? 3002);
const verifier = createVerifier({
  url: process.env.COATCHECK_URL ?? 'http://localhost:8080',
  serviceKey: process.env.COATCHECK_SERVICE_KEY,
  onProblem: (problem) => console.error(problem.message),
});
await verifier.ready();

const app = Fastify();
app.get('/healthz', () => verifier.state);
app.register(async (api) => {
  api.register(coatcheck, { verifier, origin: `http://localhost:${port}`, xToken: true });
  api.get('/api/me', (request) => ({ user: request.user }));
  api.post('/api/posts', (request, reply) => reply.code(201).send({ author: request.user.username }));
});

await app.listen({ port, host: '127.0.0.1' });
console.log(`fastify: http://localhost:${port}`);
