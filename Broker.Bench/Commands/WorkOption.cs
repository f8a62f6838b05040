using System.CommandLine;
using Broker.Bench.Load;

namespace Broker.Bench.Commands;

/// <summary>An option that chooses what is done to a server.</summary>
internal sealed class WorkOption : Option<Work>
{
    public WorkOption()
        : base("--work")
    {
        Description = "publish, consume or both";
        DefaultValueFactory = _ => Work.Publish;
        CustomParser = result =>
        {
            Work? work = result.Tokens[0].Value switch
            {
                "publish" => Work.Publish,
                "consume" => Work.Consume,
                "both" => Work.Both,
                _ => null,
            };
            if (work is null)
                result.AddError($"--work must be publish, consume or both, not '{result.Tokens[0].Value}'");
            return work ?? default;
        };
    }
}
