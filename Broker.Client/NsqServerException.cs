namespace Broker.Client;

/// <summary>The server refused a command. The message is the server's own text.</summary>
public sealed class NsqServerException : NsqException
{
    internal NsqServerException(string address, string error)
        : base($"{address} answered: {error}")
    {
        Address = address;
        ServerError = error;
        int space = error.IndexOf(' ', StringComparison.Ordinal);
        Code = space < 0 ? error : error[..space];
    }

    /// <summary>The server that refused, as host:port.</summary>
    public string Address { get; }

    /// <summary>What kind of error it is, such as <c>E_BAD_TOPIC</c>: the first word of <see cref="ServerError"/>.</summary>
    public string Code { get; }

    /// <summary>The error as the server sent it.</summary>
    public string ServerError { get; }

    /// <summary>Whether the server closes the connection after this error: after all but three it does.</summary>
    internal bool IsFatal => Code is not ("E_FIN_FAILED" or "E_REQ_FAILED" or "E_TOUCH_FAILED");
}
