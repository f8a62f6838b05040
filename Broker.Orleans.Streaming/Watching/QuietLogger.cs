using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming.Watching;

/// <summary>
/// Takes the lines of a client: those about its connection change <see cref="BrokerPresence"/> and remain as debug lines, of which an hour
/// without a broker makes thousands; so do refused answers to messages that had timed out. The rest passes.
/// </summary>
internal sealed class QuietLogger<T>(ILoggerFactory loggers, BrokerPresence presence, string connection) : ILogger<T>
{
    // Of Broker.Client's log lines.
    private const int Connected = 1;
    private const int Retrying = 2;
    private const int ServerError = 3;
    private const int ConnectionLost = 7;
    private const int LookupFailed = 8;

    private readonly ILogger _inner = loggers.CreateLogger<T>();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information || _inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        switch (eventId.Id)
        {
            case Connected:
                presence.OnBack(connection);
                break;
            case ConnectionLost when connection == BrokerPresence.Publishing:
                break;
            case Retrying or ConnectionLost or LookupFailed:
                presence.OnAway(connection, formatter(state, exception));
                break;
            case ServerError when formatter(state, exception) is { } text
                && (text.Contains("E_FIN_FAILED", StringComparison.Ordinal)
                    || text.Contains("E_REQ_FAILED", StringComparison.Ordinal)
                    || text.Contains("E_TOUCH_FAILED", StringComparison.Ordinal)):
                break;
            default:
                _inner.Log(logLevel, eventId, state, exception, formatter);
                return;
        }
        _inner.Log(LogLevel.Debug, eventId, state, exception, formatter);
    }
}
