#:project ../src/Idiolect/Idiolect.csproj
// Trains a small GPT on a text and lets it write:  dotnet run -c Release samples/train-and-generate.cs TEXT-FILE [FOLDER]
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

var folder = args.Length > 1 ? args[1] : "my-model";
var corpus = Corpus.Load(args[0]);

// A tokenizer of the text's own characters, and a model that fits it.
var tokenizer = CharacterTokenizer.Train(corpus.Training.Concat(corpus.Validation).Select(document => document.Text));
var config = GptConfig.Gpt2(tokenizer.VocabularySize, contextLength: 64, layerCount: 2, headCount: 4, width: 64);
using (var model = new LanguageModel(new Gpt(config, seed: 1), tokenizer))
{
    using var data = TrainingData.Encode(corpus, tokenizer);
    var options = new TrainingOptions(Steps: 100, BatchSize: 8, LearningRate: 3e-3);
    using var trainer = new Trainer(new LanguageModelTask(model.Model, tokenizer, data, options), options, Path.Combine(folder, "run"));
    trainer.Run(new Progress<TrainingProgress>(news =>
    {
        if (news is StepCompleted { Step: var step, Loss: var loss } && step % 50 == 0)
        {
            Console.WriteLine($"step {step}: loss {loss:F2}");
        }
    }));
    model.Save(folder); // a Hugging Face model folder
}

using var loaded = LanguageModel.Load(folder);
await foreach (var piece in loaded.GenerateAsync("The ", new GenerationOptions { MaxTokens = 200 }))
{
    Console.Write(piece);
}
Console.WriteLine();
