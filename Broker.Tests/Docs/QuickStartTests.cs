using Broker.Tests.Running;

namespace Broker.Tests.Docs;

/// <summary>The quick start of the README, its commands run to the letter.</summary>
public sealed class QuickStartTests
{
    [Fact]
    public async Task A_broker_is_started_and_a_message_published_and_read_in_three_ways()
    {
        MarkdownPage readme = new("README.md");
        string start = Assert.Single(readme.CommandsBelow("Run it"));
        IReadOnlyList<string> ways = readme.CommandsBelow("Your first message");
        Assert.Equal(3, ways.Count);
        string[] dotnet = ways[2].Split('\n');
        Assert.Equal(2, dotnet.Length);

        using ReaderTerminal terminal = new();
        string written = await terminal.RunAsync(
            $$"""
            mkdir output
            { {{start}}
            } >output/broker 2>&1 &
            until_says Ready output/broker
            {{ways[0]}}
            { {{ways[1]}}
            } >output/node &
            until_says '{"id":2}' output/node
            {{dotnet[0]}}
            { {{dotnet[1]}}
            } >output/consumer &
            until_says '{"id":3}' output/consumer
            grep Ready output/broker
            cat output/node output/consumer
            curl -s -L http://127.0.0.1:4171/ | grep -o '<title>.*</title>'
            """);

        Assert.StartsWith("OK", written, StringComparison.Ordinal);
        Assert.Contains("Ready. Admin web: http://127.0.0.1:4171. To publish: " + ways[0], written, StringComparison.Ordinal);
        // The first channel begins with what was published before it was made.
        Assert.Contains("{\"id\":1}", written, StringComparison.Ordinal);
        Assert.Contains("published 1 messages to invoices on 127.0.0.1:4150", written, StringComparison.Ordinal);
        Assert.Contains("<title>", written, StringComparison.Ordinal);
        Assert.Empty(terminal.Litter);
        string[] ignored = File.ReadAllLines(Solution.PathOf(".gitignore"));
        Assert.Contains("/data/", ignored);
        Assert.Contains("node_modules/", ignored);
    }

    [Fact]
    public async Task A_broker_is_started_in_place_of_nsqd()
    {
        string commands = Assert.Single(new MarkdownPage("README.md").CommandsBelow("In place of nsqd"));
        using ReaderTerminal terminal = new();
        string written = await terminal.RunAsync(
            $$"""
            mkdir output
            mount -t tmpfs none /var/lib
            mkdir /var/lib/nsq
            { {{commands}}
            } >output/broker 2>&1 &
            until_says Ready output/broker
            curl -s -d hello 'http://127.0.0.1:4151/pub?topic=orders'
            ls /var/lib/nsq/topics
            """);

        Assert.StartsWith("OK", written, StringComparison.Ordinal);
        Assert.Contains("orders", written, StringComparison.Ordinal);
    }
}
