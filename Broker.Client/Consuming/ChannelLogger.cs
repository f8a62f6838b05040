using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>Begins each line of a consumer with its topic and channel: a process may have many consumers.</summary>
/// <param name="logger">Where the lines go.</param>
/// <param name="topic">The consumer's topic.</param>
/// <param name="channel">The consumer's channel.</param>
internal sealed class ChannelLogger(ILogger logger, string topic, string channel) : ILogger
{
    private readonly string _prefix = $"{topic}/{channel}: ";

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        logger.Log(logLevel, eventId, state, exception, (told, cause) => _prefix + formatter(told, cause));

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logger.BeginScope(state);
}
