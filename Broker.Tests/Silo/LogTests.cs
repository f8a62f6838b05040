using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broker.Gateway.Connections;
using Broker.Silo.Hosting;
using Broker.Silo.Logging;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Silo;

public sealed partial class LogTests
{
    private readonly VirtualTimeProvider _clock = new();

    [Fact]
    public void Every_event_has_an_id_of_its_own()
    {
        (string Where, LoggerMessageAttribute Message)[] all = [.. Messages()];
        Assert.True(all.Length > 60);
        Assert.All(all, one => Assert.True(one.Message.EventId > 0, $"{one.Where} has no event id"));
        Assert.All(
            all.GroupBy(one => one.Message.EventId),
            same => Assert.True(same.Count() == 1, $"event id {same.Key} is that of {string.Join(" and ", same.Select(one => one.Where))}"));
    }

    [Fact]
    public void Every_error_names_what_it_is_about_and_says_what_is_done_or_to_be_done() => Assert.All(
        Messages().Where(one => one.Message.Level >= LogLevel.Error),
        one =>
        {
            Assert.True(Subject().IsMatch(one.Message.Message), $"{one.Where} names nothing: {one.Message.Message}");
            // What is wrong and what follows from it.
            Assert.True(one.Message.Message.IndexOfAny([';', ',']) > 0 || one.Message.Message.Contains(". "), $"{one.Where} says nothing to do: {one.Message.Message}");
        });

    [Fact]
    public void A_line_of_json_has_all_that_is_known()
    {
        LogThrottle throttle = new(1, _clock);
        Assert.Equal(
            """{"time":"2024-01-01T00:00:00.000000Z","level":"warning","event":7,"name":"Seven","category":"Test","message":"channel t:\"c\" has 3","fields":{"Topic":"t","Channel":"\"c\"","Count":3}}""" + "\n",
            Format(throttle, LogLevel.Warning, null).ReplaceLineEndings("\n"));
        Assert.Equal("", Format(throttle, LogLevel.Warning, null));
        _clock.Advance(TimeSpan.FromSeconds(1));
        JsonNode line = JsonNode.Parse(Format(throttle, LogLevel.Error, new DivideByZeroException()))!;
        Assert.Equal((1, "error"), ((int)line["left_out"]!, (string)line["level"]!));
        Assert.StartsWith("System.DivideByZeroException", (string)line["exception"]!);
        Assert.Equal("", Format(throttle, LogLevel.Error, new StartException("taken")));
    }

    [Fact]
    public void What_happens_over_and_over_is_left_out_and_counted()
    {
        LogThrottle throttle = new(10, _clock);
        int written = 0;
        for (int i = 0; i < 1000; i++)
            written += throttle.Admits("a", 1, LogLevel.Warning, out _) ? 1 : 0;
        Assert.Equal(10, written);
        Assert.True(throttle.Admits("a", 2, LogLevel.Warning, out _), "another event is not affected");
        Assert.True(throttle.Admits("b", 1, LogLevel.Warning, out _), "the same id of another category is another event");
        Assert.True(throttle.Admits("a", 1, LogLevel.Debug, out _), "who debugs wants to see all");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(throttle.Admits("a", 1, LogLevel.Warning, out long leftOut));
        Assert.Equal(990, leftOut);
        Assert.True(throttle.Admits("a", 1, LogLevel.Warning, out leftOut));
        Assert.Equal(0, leftOut);
        LogThrottle none = new(0, _clock);
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.True(none.Admits("a", 1, LogLevel.Error, out leftOut)));
    }

    [GeneratedRegex(@"\{(Topic|Channel|Remote|Path|File|Owner|Grain|Stream|Address|Problem|Id|Client)\}")]
    private static partial Regex Subject();

    // Those of all parts of the broker, the client library's included.
    private static IEnumerable<(string Where, LoggerMessageAttribute Message)> Messages() =>
        from assembly in (Assembly[])
        [
            typeof(BrokerHost).Assembly, typeof(Broker.Admin.AdminSite).Assembly, typeof(Broker.Gateway.Connections.NsqGateway).Assembly, typeof(Broker.Grains.TopicStores).Assembly,
            typeof(Broker.Serving.Hosting.BoundAddresses).Assembly, typeof(Broker.Lookup.LookupOptions).Assembly,
            typeof(Broker.Storage.IMessageStore).Assembly, typeof(Broker.Client.NsqMessage).Assembly,
        ]
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select ($"{type.Name}.{method.Name}", message);

    private string Format(LogThrottle throttle, LogLevel level, Exception? exception)
    {
        using StringWriter writer = new();
        KeyValuePair<string, object?>[] state = [new("Topic", "t"), new("Channel", "\"c\""), new("Count", 3), new("{OriginalFormat}", "channel {Topic}:{Channel} has {Count}")];
        LogEntry<KeyValuePair<string, object?>[]> entry = new(level, "Test", new EventId(7, "Seven"), state, exception, (_, _) => "channel t:\"c\" has 3");
        new LogJsonFormatter(throttle, _clock).Write(entry, null, writer);
        return writer.ToString();
    }
}
