using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Storage.Files;

/// <summary>Keeps what was logged as warnings and errors.</summary>
internal sealed class RecordedLog : ILogger
{
    private readonly ConcurrentQueue<string> _problems = new();

    public IReadOnlyList<string> Problems => [.. _problems];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning)
            _problems.Enqueue(formatter(state, exception));
    }
}
