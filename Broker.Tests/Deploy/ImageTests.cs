using Broker.Tests.Docs;

namespace Broker.Tests.Deploy;

/// <summary>The image is built by the Dockerfile, and runs as the README says.</summary>
public sealed class ImageTests
{
    [ImageFact]
    public async Task The_image_is_built_and_its_services_find_each_other_stop_and_keep_their_messages()
    {
        IReadOnlyList<string> blocks = new MarkdownPage("README.md").CommandsBelow("In containers");
        Assert.Equal(3, blocks.Count);
        string single = blocks[1].Split('\n').Single(line => line.Contains("--profile single", StringComparison.Ordinal)).Split('#')[0];

        using ContainerEngine engine = new();
        string written = await engine.RunAsync(
            $$$"""
            {{{blocks[0]}}}
            engine inspect --type image --format '{{.OCIv1.Config}}' broker
            {{{single}}}
            for name in nsqlookupd nsqd nsqadmin; do until_ready "$name"; is_healthy "$name"; done
            grep -h '^Uid' $(pgrep -f '^/opt/broker/Broker.Silo' | sed 's|.*|/proc/&/status|')

            curl -s -d hello 'http://127.0.0.1:4151/pub?topic=orders'
            until curl -s http://127.0.0.1:4171/api/nodes | grep '"broadcast_address":"nsqd".*"topic":"orders"'; do sleep 0.1; done
            stop nsqd
            up nsqd
            until_ready nsqd
            curl -s 'http://127.0.0.1:4151/stats?format=json&topic=orders' | grep -o '"topic_name":"orders".*"depth":1,'
            stop nsqd

            in_container nsqd 0 chown -R 0 /data
            up nsqd
            wait "${processes[nsqd]}" && exit 1
            cat "$work/nsqd.log"
            {{{blocks[2]}}}
            in_container nsqd 1654 test -w /data/store
            stop nsqadmin
            stop nsqlookupd
            grep -h WARNING "$work"/*.log || echo 'no warning'
            """);

        Assert.Contains("{1654 map[11111/tcp:{} 30000/tcp:{} 4150/tcp:{} 4151/tcp:{} 4160/tcp:{} 4161/tcp:{} 4171/tcp:{}] ", written, StringComparison.Ordinal);
        Assert.Contains("[/nsqd] map[/data:{}] /data ", written, StringComparison.Ordinal);
        Assert.Equal(3, written.Split("Uid:\t1654\t1654\t1654\t1654").Length - 1);
        Assert.Contains("OK", written, StringComparison.Ordinal);
        Assert.Contains("\"topic_name\":\"orders\"", written, StringComparison.Ordinal);
        Assert.Contains("--data-path: /data is not writable; allow this user to write there or name another directory", written, StringComparison.Ordinal);
        Assert.Contains("no warning", written, StringComparison.Ordinal);
    }
}
