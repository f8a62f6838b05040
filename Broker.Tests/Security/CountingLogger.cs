using Broker.Serving.Limits;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Security;

/// <summary>Counts lines and keeps the last.</summary>
internal sealed class CountingLogger : ILogger<Refusals>
{
    public int Lines { get; private set; }

    public string Last { get; private set; } = "";

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines++;
        Last = formatter(state, exception);
    }
}
