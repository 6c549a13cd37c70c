import { client, start } from '../live/live.ts';
import { sayFailure } from '../parts/toasts.tsx';

/** Asks for the station's token. */
export function SignIn() {
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await client.openSession({ token: String(fields.get('token')) });
      start();
    } catch (error) {
      sayFailure(error);
    }
  };
  return (
    <form id="sign-in" class="panel row" onSubmit={send}>
      <input type="text" name="username" value="sluice" autocomplete="username" hidden />
      <label>
        Token of this station <input type="password" name="token" autocomplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  );
}
