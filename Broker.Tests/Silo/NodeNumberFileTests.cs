using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Running;
// The one that checks folders is not meant.
using DataFolder = Broker.Tests.Running.DataFolder;

namespace Broker.Tests.Silo;

public sealed class NodeNumberFileTests : IDisposable
{
    private readonly DataFolder _folder = new();

    private string FilePath => Path.Combine(_folder.Path, NodeNumberFile.Name);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_number_is_derived_once_and_kept()
    {
        int number = new NodeNumberFile(_folder.Path).ReadOrDerive();
        Assert.Equal(NodeNumber.OfDataPath(_folder.Path), number);
        Assert.Equal($"version 1\nnumber {number}\n", File.ReadAllText(FilePath));

        int other = (number + 1) % (NodeNumber.Max + 1);
        File.WriteAllText(FilePath, $"version 1\nnumber {other}\n");
        Assert.Equal(other, new NodeNumberFile(_folder.Path).ReadOrDerive());
    }

    [Fact]
    public void Another_data_path_mostly_has_another_number() =>
        Assert.InRange(Enumerable.Range(0, 100).Select(i => NodeNumber.OfDataPath($"/data/{i}")).Distinct().Count(), 80, 100);

    [Theory]
    [InlineData("version 2\nnumber 1\n", "has version 2, written by a newer broker; start that one, or pass --node-id")]
    [InlineData("", "is damaged; delete it, or pass --node-id")]
    [InlineData("version 1\n", "is damaged; delete it, or pass --node-id")]
    [InlineData("version 1\nnumber 1024\n", "is damaged; delete it, or pass --node-id")]
    [InlineData("version 1\nnumber one\n", "is damaged; delete it, or pass --node-id")]
    public void What_is_not_understood_is_not_overwritten(string text, string complaint)
    {
        File.WriteAllText(FilePath, text);
        StartException failure = Assert.Throws<StartException>(() => new NodeNumberFile(_folder.Path).ReadOrDerive());
        Assert.Equal($"{FilePath} {complaint}", failure.Message);
        Assert.Equal(text, File.ReadAllText(FilePath));
    }
}
