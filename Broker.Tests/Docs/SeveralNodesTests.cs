namespace Broker.Tests.Docs;

/// <summary>Several nodes on one machine, the commands run to the letter.</summary>
public sealed class SeveralNodesTests
{
    [Fact]
    public async Task Three_brokers_are_found_by_a_lookup_service_and_consumed_from()
    {
        IReadOnlyList<string> blocks = new MarkdownPage("docs/several-nodes.md").CommandsBelow("Several nodes on one machine");
        Assert.Equal(5, blocks.Count);
        using ReaderTerminal terminal = new();
        string written = await terminal.RunAsync(
            $$"""
            mkdir output
            npm install --no-save nsqjs
            { {{blocks[0]}}
            {{blocks[1]}}
            {{blocks[2]}}
            } >output/nodes 2>&1
            until [ "$(grep -c Ready output/nodes)" = 4 ]; do sleep 0.05; done
            {{blocks[3]}}
            { {{blocks[4]}}
            } >output/consumer &
            for n in 1 2 3; do until_says "from node $n" output/consumer; done
            """);

        Assert.Equal(3, written.Split("OK").Length - 1);
        Assert.Contains("\"producers\":", written, StringComparison.Ordinal);
        Assert.Empty(terminal.Litter);
    }
}
