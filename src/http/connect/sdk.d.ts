/** What the pages tell when an account is connected. */
export interface Connected {
  result: "success";
  /** The CRM: capsule, nimble, nutshell. */
  integration: string;
  /** The account, as every call to the gateway names it. */
  integrated_account_id: string;
  is_truto: true;
}

export interface ConnectOptions {
  /**
   * Where the pages are shown. A popup has to be opened by a click. In the same window the outcome is in the query of the
   * link token's redirect_uri, and the promise is never settled. Default: popup.
   */
  mode?: "popup" | "iframe" | "same-window";
  /** Only this CRM, without a choice. */
  integration?: string;
  /** Only these CRMs. */
  integrations?: string[];
  /** Only this way of connecting. */
  authFormat?: "api_key" | "oauth2";
  /** No way back to the choice of CRMs. */
  noBack?: boolean;
  /** What the frame is put into, in the mode iframe. Default: it covers the page. */
  parent?: HTMLElement;
  /** The gateway, if it isn't the one that this script came from. */
  baseUrl?: string;
}

/** Why no account was connected. */
export class ConnectError extends Error {
  /** closed and blocked are this script's own, of a window that was closed or could not be opened. */
  error_type:
    | "invalid_token"
    | "invalid_integration"
    | "connection_error"
    | "post_install_error"
    | "validation_error"
    | "closed"
    | "blocked";
  integration?: string;
  integrated_account_id?: string;
}

/** Connects an account, with a token of POST /link-token. */
export function connect(linkToken: string, options?: ConnectOptions): Promise<Connected>;
export default connect;
