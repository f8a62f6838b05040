using Broker.Silo.Hosting;
using Broker.Silo.Logging;
using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Silo;

public sealed class LogLineFormatterTests
{
    [Theory]
    [InlineData(LogLevel.Debug, "DEBUG")]
    [InlineData(LogLevel.Information, "INFO")]
    [InlineData(LogLevel.Warning, "WARNING")]
    [InlineData(LogLevel.Error, "ERROR")]
    [InlineData(LogLevel.Critical, "FATAL")]
    public void A_line_looks_as_nsqds_does(LogLevel level, string name) =>
        Assert.Matches($@"^\[nsqd\] \d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{{6}} {name}: text\r?\n$", Format(level, null));

    [Fact]
    public void An_exception_follows_its_line() => Assert.Contains("DivideByZero", Format(LogLevel.Error, new DivideByZeroException()));

    [Fact]
    public void What_was_cancelled_is_told_in_a_line() =>
        Assert.EndsWith("ERROR: text: TaskCanceledException: gone\n", Format(LogLevel.Error, new TaskCanceledException("gone")), StringComparison.Ordinal);

    [Fact]
    public void What_ends_the_start_is_not_told_twice() => Assert.Equal("", Format(LogLevel.Error, new StartException("taken")));

    private static string Format(LogLevel level, Exception? exception)
    {
        using StringWriter writer = new();
        LogEntry<string> entry = new(level, "category", default, "text", exception, (state, _) => state);
        new LogLineFormatter(new BrokerSettings { LogPrefix = "[nsqd] " }, new LogThrottle(0, TimeProvider.System), TimeProvider.System).Write(entry, null, writer);
        return writer.ToString();
    }
}
