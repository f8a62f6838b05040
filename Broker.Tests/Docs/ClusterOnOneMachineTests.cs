using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Docs;

/// <summary>The cluster on one machine, its commands run to the letter.</summary>
public sealed class ClusterOnOneMachineTests
{
    [Fact]
    public async Task Three_silos_and_a_gateway_serve_one_topic_and_stop()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        IReadOnlyList<string> blocks = new MarkdownPage("docs/cluster.md").CommandsBelow("On one machine");
        Assert.Equal(4, blocks.Count);
        using ReaderTerminal terminal = new();
        terminal.ServePostgres(server);
        string written = await terminal.RunAsync(
            $$"""
            mkdir output
            serve_postgres & disown
            {{blocks[0]}}
            until_says 'listening' output/database
            { {{blocks[1]}}
            } >output/silos 2>&1
            until [ "$(grep -c Ready output/silos)" = 4 ]; do sleep 0.05; done
            {{blocks[2]}}
            curl -s http://127.0.0.1:4171/ >output/page
            if grep 'class="banner' output/page; then exit 1; fi
            grep 'schema broker' output/silos
            {{blocks[3]}}
            wait
            echo "all stopped"
            """);

        Assert.Contains("OK", written, StringComparison.Ordinal);
        Assert.Contains("\"topic_name\":\"orders\"", written, StringComparison.Ordinal);
        Assert.Contains("its tables were created", written, StringComparison.Ordinal);
        Assert.Contains("all stopped", written, StringComparison.Ordinal);
        Assert.Empty(terminal.Litter);
    }
}
