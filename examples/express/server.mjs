// SPDX-License-Identifier: Apache-2.0
// An API on Express that checks tokens in process. No call needs a request to Coatcheck, and a sign-out
// counts at once.
//
//   COATCHECK_SERVICE_KEY=$(coatcheck service-key add express --scope feed) node examples/express/server.mjs
import { createVerifier } from '@coatcheck/node';
import { coatcheck } from '@coatcheck/node/express';
import express from 'express';

const port = Number(process.env.PORT ?? 3001);
const verifier = createVerifier({
  url: process.env.COATCHECK_URL ?? 'http://localhost:8080',
  serviceKey: process.env.COATCHECK_SERVICE_KEY,
  onProblem: (problem) => console.error(problem.message),
});
await verifier.ready();

const app = express();
app.get('/healthz', (_request, response) => response.json(verifier.state));
app.use('/api', coatcheck(verifier, { origin: `http://localhost:${port}`, xToken: true }));
app.get('/api/me', (request, response) => response.json({ user: request.user }));
app.post('/api/posts', (request, response) => response.status(201).json({ author: request.user.username }));

// An open connection ends with its session.
app.get('/api/events', (request, response) => {
  response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).write('data: hello\n\n');
  const forget = verifier.onEnd(request.user, () => response.end('event: signed-out\ndata: {}\n\n'));
  request.on('close', forget);
});

app.listen(port, '127.0.0.1', () => console.log(`express: http://localhost:${port}`));
